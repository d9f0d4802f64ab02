//! A chain about keys for the vectors: one that is changed and stolen, one that is lost and claimed, one
//! that ends; which of its chits count, and what follows.

use protocol::ledger::{Head, Input, Ledger, Link};
use protocol::{
    Chit, Hash, Json, PublicKey, Record, SecretKey, Side, Signer, Tally, Units, Verified,
};
use serde_json::{Value, json};

use super::Result;

/// A chain in the making: the foil's half, which orders it.
struct Chain {
    tally: Verified<Tally>,
    foil: Ledger,
    links: Vec<Link>,
}

impl Chain {
    /// The next chit: what it does, the key that signs it, and how it is finished.
    fn add(
        &mut self,
        by: Side,
        what: Value,
        signer: &SecretKey,
        finish: impl FnOnce(Chit) -> std::result::Result<Chit, protocol::SignError>,
    ) -> Result<Hash> {
        let number = self.links.len() + 1;
        let mut draft = json!({
            "kind": "chit", "v": 1, "tally": self.tally.members().uuid, "by": by,
            "uuid": format!("1c7e6f0a-5d2b-4e1f-9a3c-0000000000{number:02}"),
            "date": format!("2026-11-22T12:{number:02}:00.000Z"),
        });
        if let (Value::Object(draft), Value::Object(what)) = (&mut draft, what) {
            draft.extend(what);
        }
        let chit = Chit::from_json(&Json::of(&draft)?)?;
        let first = self.tally.half(by).holder().cert.public;
        let name = (signer.public_key() != first).then(|| signer.public_key().name());
        let good = self.foil.prove(finish(chit.with_key(name).signed(signer)?)?)?;
        let hash = good.hash();
        let step = self.foil.step(Input::Recover(vec![good]), &self.links);
        let step = step.map_err(|stop| format!("{stop:?}"))?;
        if let Some(change) = step.change {
            self.links.truncate(usize::try_from(change.keep)?);
            self.links.extend(change.then);
        }
        self.foil = step.ledger;
        Ok(hash)
    }

    const fn head(&self) -> Head {
        self.foil.head()
    }
}

/// A payment of so many milli-CHIPs.
fn pays(milli: i64) -> Value {
    json!({"type": "tran", "units": milli})
}

fn lost(counter: u32, head: Head, public: &PublicKey) -> Value {
    json!({"type": "lost", "counter": counter, "head": head, "public": public, "wait_days": 14})
}

/// Suzie changes her key, and a thief has the old one; Carol loses hers; then Suzie's old key ends what
/// came of it.
pub(crate) fn rekey(
    tally: Tally,
    suzie: &SecretKey,
    carol: &SecretKey,
    agent: &SecretKey,
) -> Result<Value> {
    let bytes = |name: &str| *Hash::of(name.as_bytes()).as_bytes();
    let suzies_next = SecretKey::p256(&bytes("suzie's next key"))?;
    let carols_next = SecretKey::ed25519(&bytes("carol's next key"));
    let (stock, foil) = (Side::Stock, Side::Foil);
    let tally = Verified::check(tally, &())?;
    let ledger = Ledger::open(&tally, foil)?;
    let mut chain = Chain { tally, foil: ledger, links: Vec::new() };
    let next = carols_next.public_key();

    chain.add(foil, pays(5_000), carol, Ok)?;
    let change = json!({
        "type": "key", "counter": 1, "head": chain.head(), "public": suzies_next.public_key()
    });
    chain.add(stock, change, suzie, |chit| chit.proved(&suzies_next))?;
    chain.add(stock, pays(700), suzie, Ok)?;
    chain.add(stock, pays(30), &suzies_next, Ok)?;
    let first = chain.add(foil, lost(1, chain.head(), &next), &carols_next, Ok)?;
    chain.add(foil, json!({"type": "object", "request": first}), carol, Ok)?;
    let second = chain.add(foil, lost(1, chain.head(), &next), &carols_next, Ok)?;
    let consent = json!({"type": "consent", "request": second, "memo": "She called me."});
    chain.add(stock, consent, &suzies_next, Ok)?;
    chain.add(foil, pays(1), carol, Ok)?;
    let claim = json!({"type": "claim", "request": second});
    chain.add(foil, claim, &carols_next, |chit| chit.witnessed(agent))?;
    chain.add(foil, pays(200), &carols_next, Ok)?;
    let end = json!({"type": "end", "head": chain.head()});
    chain.add(stock, end, suzie, Ok)?;
    chain.add(stock, pays(9), &suzies_next, Ok)?;

    let links = chain.links.iter().map(|link| {
        let (text, canonical) = (link.chit.to_text()?, link.chit.canonical()?);
        Ok(json!({
            "record": text.as_str(), "canonical": canonical.as_str(), "hash": link.chit_hash,
            "head": link.head, "counts": chain.foil.counts(link),
        }))
    });
    let balance = i64::try_from(chain.foil.balance_milli())?;
    Ok(json!({
        "links": links.collect::<Result<Vec<_>>>()?,
        "keys": {"stock": chain.foil.key(stock), "foil": chain.foil.key(foil)},
        "balance_of_foil": Units::new(balance)?,
    }))
}
