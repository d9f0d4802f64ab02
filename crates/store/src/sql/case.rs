//! Lifts that are decided here, in the databases. What each question means is said in `crate::View`, what each
//! change means in `crate::Tx`.

use protocol::{AgentId, LiftId, Timestamp};

use super::conn::Hand;
use super::fault::About;
use super::table::{Kept, Put};
use super::value::{Cells, Value, name};
use crate::{Case, CaseCount, CaseCounts, Kind, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

impl Kept for Case {
    const ROW: Kind = Kind::Case;
    const TABLE: &'static str = "cases";
    const COLUMNS: &'static str =
        "lift, text, status, asked_by, known, asked, deadline, changed, version";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            lift: cells.name()?,
            text: cells.text()?,
            status: cells.text()?,
            asked_by: cells.name()?,
            known: cells.int()? != 0,
            asked: cells.date()?,
            deadline: cells.date()?,
            changed: cells.date()?,
            version: cells.count()?,
        })
    }
}

impl Put for Case {
    const INTO: &'static str = "cases";
    const COLUMNS: &'static [&'static str] =
        &["lift", "text", "status", "asked_by", "known", "asked", "deadline", "changed", "version"];

    fn values(&self) -> Vec<Value> {
        vec![
            name(&self.lift),
            (&self.text).into(),
            (&self.status).into(),
            name(&self.asked_by),
            i64::from(self.known).into(),
            self.asked.into(),
            self.deadline.into(),
            self.changed.into(),
            self.version.into(),
        ]
    }
}

impl Hand {
    pub(crate) async fn case(&mut self, lift: &LiftId) -> Result<Option<Case>> {
        self.pick_one("WHERE lift = $1", vec![name(lift)]).await
    }

    pub(crate) async fn open_cases(
        &mut self,
        deadline: Timestamp,
        after: Option<(Timestamp, LiftId)>,
        limit: u32,
    ) -> Result<Vec<Case>> {
        let order = "ORDER BY deadline, lift LIMIT";
        let values = vec![Case::OPEN.into(), deadline.into()];
        let Some((date, lift)) = after else {
            let rest = format!("WHERE status = $1 AND deadline >= $2 {order} $3");
            return self.pick(&rest, [values, vec![limit.into()]].concat()).await;
        };
        let rest = format!(
            "WHERE status = $1 AND deadline >= $2 AND (deadline, lift) > ($3, $4) {order} $5"
        );
        self.pick(&rest, [values, vec![date.into(), name(&lift), limit.into()]].concat()).await
    }

    pub(crate) async fn count_cases(&mut self, which: &CaseCount) -> Result<CaseCounts> {
        let open = "SELECT COUNT(*) FROM cases WHERE status = $1 AND deadline >= $2";
        let sql = format!(
            "SELECT ({open}), ({open} AND asked_by = $3), ({open} AND known = 0), \
             (SELECT COUNT(*) FROM cases WHERE known = 0 AND asked >= $4)"
        );
        let values = vec![
            Case::OPEN.into(),
            which.deadline.into(),
            name(&which.asked_by),
            which.asked.into(),
        ];
        let rows = self.rows(sql, values, Kind::Case).await?;
        let Some(row) = rows.first() else { return Ok(CaseCounts::default()) };
        let mut cells = row.cells(Kind::Case);
        Ok(CaseCounts {
            open: cells.count()?,
            open_of_one: cells.count()?,
            open_of_strangers: cells.count()?,
            of_strangers: cells.count()?,
        })
    }

    pub(crate) async fn cases_of_one(
        &mut self,
        asked_by: AgentId,
        asked: Timestamp,
    ) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM cases WHERE known = 1 AND asked >= $1 AND asked_by = $2";
        let values = vec![asked.into(), name(&asked_by)];
        let rows = self.rows(sql.to_owned(), values, Kind::Case).await?;
        rows.first().map_or(Ok(0), |row| row.cells(Kind::Case).count())
    }

    pub(crate) async fn add_case(&mut self, case: &Case) -> Result<()> {
        self.put(std::slice::from_ref(case), "").await
    }

    pub(crate) async fn put_case(&mut self, case: &Case) -> Result<()> {
        let sql = "UPDATE cases SET text = $1, status = $2, changed = $3, version = $4 + 1 \
                   WHERE lift = $5 AND version = $4";
        let values = vec![
            (&case.text).into(),
            (&case.status).into(),
            case.changed.into(),
            case.version.into(),
            name(&case.lift),
        ];
        let about = About { kind: Kind::Case, which: case.lift.to_string() };
        match self.run(sql.to_owned(), values, &about).await? {
            0 => Err(case.was_changed()),
            _ => Ok(()),
        }
    }
}
