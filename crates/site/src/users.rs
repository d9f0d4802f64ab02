//! Users as this site keeps them: their certs, and whether they may act.

use protocol::{AgentId, Cert, Cuid, Record, Verified};
use store::{User, UserKind, UserStatus};

use crate::batch::Batch;
use crate::error::SiteError;

pub(crate) async fn user<'a>(batch: &'a mut Batch, cuid: &Cuid) -> Result<&'a User, SiteError> {
    batch.user(cuid).await?.ok_or_else(|| SiteError::NoUser(cuid.clone()))
}

/// A user who may act.
pub(crate) async fn active<'a>(batch: &'a mut Batch, cuid: &Cuid) -> Result<&'a User, SiteError> {
    let user = user(batch, cuid).await?;
    if user.status == UserStatus::Active {
        Ok(user)
    } else {
        Err(SiteError::Suspended(cuid.clone()))
    }
}

pub(crate) fn cert_of(user: &User) -> Result<Verified<Cert>, SiteError> {
    let cert = user.cert.as_ref().ok_or_else(|| SiteError::NoUser(user.cuid.clone()))?;
    Ok(Verified::check(Cert::read(cert.as_bytes())?, &())?)
}

/// The user has this cert from now on.
pub(crate) fn put_cert(user: &mut User, cert: &Verified<Cert>) -> Result<(), SiteError> {
    let key = protocol::Json::of(&cert.public)?;
    if let Some(name) = cert.name.first() {
        user.name = name.to_string();
    }
    user.key = Some(protocol::CanonicalText::of(&key)?.to_string());
    user.cert = Some(cert.to_text()?.to_string());
    Ok(())
}

/// A new user of this site, as it is kept.
pub(crate) fn user_of(
    kind: UserKind,
    cert: &Verified<Cert>,
    site: AgentId,
    created: protocol::Timestamp,
) -> Result<User, SiteError> {
    let (cuid, named) = (cert.chad.cuid.clone(), cert.chad.agent);
    if named != site {
        return Err(SiteError::OtherSite { named, site });
    }
    let name = cert.name.first().map_or_else(|| cuid.to_string(), ToString::to_string);
    let key = protocol::Json::of(&cert.public)?;
    Ok(User {
        cuid,
        kind,
        name,
        cert: Some(cert.to_text()?.to_string()),
        key: Some(protocol::CanonicalText::of(&key)?.to_string()),
        status: UserStatus::Active,
        created,
        groups: std::collections::BTreeSet::new(),
    })
}
