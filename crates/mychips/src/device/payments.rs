//! What a device signed to pay under a name: asked for again under that name, it shows the very same record first. By that a
//! site that was restored from a backup, and has lost the payment, finds it again.

use std::fs;
use std::io::ErrorKind;

use protocol::lift::Authorisation;
use protocol::record::Record as _;
use protocol::{Cuid, PaymentId};

use crate::failure::Failure;
use crate::home;
use crate::keys::Keys;

/// What this device signed last for a payment of this name; none where it did not, or cannot read it any more.
pub(crate) fn signed_before(
    keys: &Keys,
    user: &Cuid,
    name: PaymentId,
) -> Result<Option<Authorisation>, Failure> {
    let file = keys.payment_file(user, name);
    match fs::read(&file) {
        Ok(text) => Ok(Authorisation::read(text.trim_ascii()).ok().filter(|it| it.uuid == name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("cannot read", &file, &error)),
    }
}

/// Keeps what is about to be asked, before it is; in the place of the last, which came to nothing as far as the site knows. That
/// one is kept beside it: should it have been paid after all, it proves what for.
///
/// # Errors
/// [`Failure`] where another command has signed something else under that name meanwhile.
pub(crate) fn keep_signed(
    keys: &Keys,
    user: &Cuid,
    authorisation: &Authorisation,
    last: Option<&Authorisation>,
) -> Result<(), Failure> {
    let name = authorisation.uuid;
    let file = keys.payment_file(user, name);
    let text = written(authorisation)?;
    keys.make_kept_folder(user)?;
    if let Some(last) = last
        && signed_before(keys, user, name)?.as_ref() == Some(last)
    {
        let earlier =
            keys.earlier_payment_file(user, name, last.hash().map_err(|error| refused(&error))?);
        // Under the hash of a record there is nothing but that record.
        if !earlier.exists() {
            home::write_new(&earlier, &[written(last)?.as_bytes()])?;
        }
        fs::remove_file(&file).map_err(|error| Failure::io("cannot replace", &file, &error))?;
    }
    // It writes over nothing: of two commands one is told so.
    home::write_new(&file, &[text.as_bytes()])
}

fn written(authorisation: &Authorisation) -> Result<String, Failure> {
    Ok(format!("{}\n", authorisation.to_text().map_err(|error| refused(&error))?))
}

fn refused(error: &impl ToString) -> Failure {
    Failure::refused("system", error.to_string())
}
