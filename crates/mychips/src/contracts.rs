//! The contracts that come with the program; every site has them from the beginning.

use protocol::{Contract, Record, Verified};

/// The texts, the one that tallies agree to where nobody says otherwise first.
const TEXTS: [&str; 2] = [
    include_str!("../../../contracts/plain-tally.en.json"),
    include_str!("../../../contracts/plain-tally.es.json"),
];

/// The contracts of this program. A test reads all of them: none is lost here.
pub(crate) fn own() -> impl Iterator<Item = Verified<Contract>> {
    TEXTS.iter().filter_map(|text| {
        Contract::read(text.as_bytes()).ok().and_then(|c| Verified::check(c, &()).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::contract::Document;

    #[test]
    fn every_contract_is_sealed_and_can_be_agreed_to() {
        let own: Vec<_> = own().collect();
        assert_eq!(own.len(), TEXTS.len());
        for contract in own {
            let sealed = Contract { rid: None, ..(*contract).clone() }.seal().unwrap();
            assert_eq!(sealed, contract);
            assert!(protocol::tally::Agree::to(&contract).is_some(), "{}", contract.title);
            let document = Document::of(contract, |_| None).unwrap().to_string();
            assert!(!document.contains("[#"), "a reference that nobody resolves:\n{document}");
        }
    }
}
