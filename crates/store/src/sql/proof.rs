//! Proofs that agents lie, in the databases. What each question means is said in `crate::View`, what each change means in
//! `crate::Tx`.

use protocol::{Hash, Timestamp};

use super::conn::Hand;
use super::table::{Kept, Put};
use super::value::{Cells, Value, name, opt_name};
use crate::{Kind, Proof, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

impl Kept for Proof {
    const ROW: Kind = Kind::Proof;
    const TABLE: &'static str = "proofs";
    const COLUMNS: &'static str = "id, kind, lift, accused, text, heard_from, at";

    fn read(cells: &mut Cells<'_>) -> Result<Self> {
        Ok(Self {
            id: cells.name()?,
            kind: cells.text()?,
            lift: cells.name()?,
            accused: cells.word(|text| {
                let names = text.split(' ').filter(|name| !name.is_empty());
                names.map(|name| name.parse().ok()).collect()
            })?,
            text: cells.text()?,
            heard_from: cells.opt_name()?,
            at: cells.date()?,
        })
    }
}

impl Put for Proof {
    const INTO: &'static str = "proofs";
    const COLUMNS: &'static [&'static str] =
        &["id", "kind", "lift", "accused", "text", "heard_from", "at"];

    fn values(&self) -> Vec<Value> {
        vec![
            name(&self.id),
            (&self.kind).into(),
            name(&self.lift),
            (&self.accused_text()).into(),
            (&self.text).into(),
            opt_name(self.heard_from.as_ref()),
            self.at.into(),
        ]
    }
}

impl Hand {
    pub(crate) async fn proof(&mut self, id: &Hash) -> Result<Option<Proof>> {
        self.pick_one("WHERE id = $1", vec![name(id)]).await
    }

    pub(crate) async fn proofs(
        &mut self,
        after: Option<(Timestamp, Hash)>,
        limit: u32,
    ) -> Result<Vec<Proof>> {
        let order = "ORDER BY at, id LIMIT";
        let Some((at, id)) = after else {
            return self.pick(&format!("{order} $1"), vec![limit.into()]).await;
        };
        let rest = format!("WHERE (at, id) > ($1, $2) {order} $3");
        self.pick(&rest, vec![at.into(), name(&id), limit.into()]).await
    }

    pub(crate) async fn add_proof(&mut self, proof: &Proof) -> Result<bool> {
        if self.proof(&proof.id).await?.is_some() {
            return Ok(false);
        }
        self.put(std::slice::from_ref(proof), "ON CONFLICT DO NOTHING").await?;
        Ok(true)
    }
}
