//! Debts from a file, exactly as they stand there: a plain table as `mychips clear` reads and writes them.

use std::collections::HashMap;

use clearing::Debt;
use protocol::Units;

use super::Failure;

/// The first line of a table. It is asked for, as amounts were once written in milli-CHIPs without one.
const HEADING: [&str; 3] = ["debtor", "creditor", "amount"];

/// What a file holds, which is not packed.
pub(crate) fn text(path: &str) -> Result<String, Failure> {
    let packed = if path.ends_with(".xz") { "; unpack it with xz -dk first" } else { "" };
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {path}: {error}{packed}").into())
}

/// The debts of a file, and how many participants it names.
pub(crate) fn read(path: &str) -> Result<(u32, Vec<Debt>), Failure> {
    table(&text(path)?).map_err(|error| format!("{path}, {error}").into())
}

/// The debts of a table, and how many participants it names: the heading `debtor,creditor,amount`, then a debt a line in
/// CHIPs with at most three places. Participants have any names, and are numbered in the order of their first debt.
pub(crate) fn table(text: &str) -> Result<(u32, Vec<Debt>), Failure> {
    let mut lines = (1_usize..).zip(text.lines());
    let heading = lines.next().map(|(_, line)| fields(line));
    if heading.as_deref() != Some(&HEADING) {
        return Err("line 1: not the heading debtor,creditor,amount; write it there, and amounts in CHIPs like 12.500".into());
    }
    let (mut numbers, mut debts) = (HashMap::new(), Vec::new());
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let debt = debt(line, &mut numbers).map_err(|error| format!("line {number}: {error}"))?;
        debts.push(debt);
    }
    if debts.is_empty() {
        return Err("line 2: no debt follows the heading".into());
    }
    Ok((u32::try_from(numbers.len())?, debts))
}

fn fields(line: &str) -> Vec<&str> {
    line.split(',').map(str::trim).collect()
}

fn debt<'a>(line: &'a str, numbers: &mut HashMap<&'a str, u32>) -> Result<Debt, Failure> {
    let fields = fields(line);
    let [debtor, creditor, amount] = fields[..] else {
        return Err(format!("{} fields instead of debtor,creditor,amount", fields.len()).into());
    };
    if debtor.is_empty() || creditor.is_empty() {
        return Err("a participant without a name".into());
    }
    if debtor == creditor {
        return Err(format!("{debtor} owes {creditor}: debtor and creditor are the same").into());
    }
    let units = amount.parse::<Units>().map_err(|error| format!("the amount {amount}: {error}"))?;
    if units <= Units::ZERO {
        return Err(format!("the amount {amount} is not above zero").into());
    }
    let mut number = |name| -> Result<u32, Failure> {
        let next = u32::try_from(numbers.len())?;
        Ok(*numbers.entry(name).or_insert(next))
    };
    Ok(Debt { debtor: number(debtor)?, creditor: number(creditor)?, units })
}
