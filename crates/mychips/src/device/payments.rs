//! What a device signed to pay under a name: asked for again under that name, it shows the very same records first. By that a
//! site that was restored from a backup, and has lost the payment, finds it again.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use protocol::lift::Authorisation;
use protocol::record::Record as _;
use protocol::{Cuid, PaymentId};

use crate::failure::Failure;
use crate::home;
use crate::keys::Keys;

/// All that this device signed for a payment of this name and can read, the last first.
pub(crate) fn signed_before(
    keys: &Keys,
    user: &Cuid,
    name: PaymentId,
) -> Result<Vec<Authorisation>, Failure> {
    let mut all = Vec::new();
    for file in keys.payment_files(user, name) {
        all.extend(read(&file, name)?);
    }
    all.sort_by_key(|signed| std::cmp::Reverse(signed.date));
    Ok(all)
}

/// What was signed to pay under this name, as a file has it; none where there is no file, or it cannot be read any more.
fn read(file: &Path, name: PaymentId) -> Result<Option<Authorisation>, Failure> {
    match fs::read(file) {
        Ok(text) => Ok(Authorisation::read(text.trim_ascii()).ok().filter(|it| it.uuid == name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("cannot read", file, &error)),
    }
}

/// Keeps what is about to be asked, before it is. The last one, which came to nothing as far as the site knows, is kept beside it:
/// a site that was restored may yet hear that a payment was made by it, and it proves what for.
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
    let refused = |error: String| Failure::refused("system", error);
    let text = authorisation.to_text().map_err(|error| refused(error.to_string()))?;
    keys.make_kept_folder(user)?;
    if let Some(last) = last
        && read(&file, name)?.as_ref() == Some(last)
    {
        let hash = last.hash().map_err(|error| refused(error.to_string()))?;
        fs::rename(&file, keys.earlier_payment_file(user, name, hash))
            .map_err(|error| Failure::io("cannot rename", &file, &error))?;
    }
    // It writes over nothing: of two commands one is told so.
    home::write_new(&file, &[text.to_string().as_bytes(), b"\n"])
}
