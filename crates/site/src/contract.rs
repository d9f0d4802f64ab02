//! Contracts that a site knows: anybody may read them, an administrator adds them.

use protocol::record::Record;
use protocol::{Contract, ContractId, Verified};
use store::Tx;

use crate::command::{Answer, Caller};
use crate::door::Site;
use crate::error::SiteError;

impl Site {
    /// Keeps a contract, so that tallies can agree to it; says whether it is new here.
    ///
    /// # Errors
    /// [`SiteError::NotAllowed`] for anybody but an administrator, [`SiteError::Record`],
    /// [`SiteError::Store`].
    pub async fn add_contract(
        &self,
        caller: &Caller,
        contract: &Verified<Contract>,
    ) -> Result<bool, SiteError> {
        if *caller != Caller::Administrator {
            return Err(SiteError::NotAllowed { who: "an administrator" });
        }
        let mut tx = self.store.begin().await?;
        let new = self.put_contract(&mut tx, contract).await?;
        tx.commit().await?;
        Ok(new)
    }

    /// The same as a command.
    pub(crate) async fn take_contract(
        &self,
        tx: &mut Tx,
        contract: Contract,
    ) -> Result<Answer, SiteError> {
        let contract = Verified::check(contract, &())?;
        Ok(Answer::Contract { new: self.put_contract(tx, &contract).await? })
    }

    async fn put_contract(
        &self,
        tx: &mut Tx,
        contract: &Verified<Contract>,
    ) -> Result<bool, SiteError> {
        let rid = ContractId::from(contract.hash()?);
        let text = contract.to_text()?.to_string();
        if tx.contract(&rid).await?.is_some() {
            return Ok(false);
        }
        tx.put_contract(&store::Contract { rid, text, at: self.clock.now() }).await?;
        Ok(true)
    }

    /// All contracts that are known here, by name.
    ///
    /// # Errors
    /// [`SiteError::Record`] or [`SiteError::Signature`] where one was damaged,
    /// [`SiteError::Store`].
    pub async fn contracts(&self) -> Result<Vec<Verified<Contract>>, SiteError> {
        let rows = self.store.read().await?.contracts().await?;
        rows.iter().map(read).collect()
    }

    /// A contract by its `rid`, if it is known here.
    ///
    /// # Errors
    /// As [`Site::contracts`].
    pub async fn contract(
        &self,
        rid: &ContractId,
    ) -> Result<Option<Verified<Contract>>, SiteError> {
        let row = self.store.read().await?.contract(rid).await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &store::Contract) -> Result<Verified<Contract>, SiteError> {
    Ok(Verified::check(Contract::read(row.text.as_bytes())?, &())?)
}
