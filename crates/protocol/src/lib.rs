//! MyCHIPs records: ids, amounts, canonical form, signatures, and the rules that read them.
//!
//! Everything here is pure: no I/O, no clock, no randomness; these are inputs.

pub mod address;
pub mod agreement;
mod base64url;
pub mod bounded;
pub mod canonical;
pub mod cert;
pub mod chit;
pub mod contract;
pub mod date;
pub mod errand;
pub mod export;
pub mod freed;
pub mod half;
pub mod ids;
pub mod invoice;
pub mod json;
pub mod key;
pub mod lading;
pub mod ledger;
pub mod lift;
pub mod link;
pub mod mail;
pub mod moved;
pub mod negotiation;
pub mod note;
pub mod participant;
pub mod proof;
pub mod query;
pub mod rate;
pub mod record;
pub mod referee;
pub mod request;
pub mod settings;
pub mod side;
pub mod signature;
pub mod tally;
pub mod terms;
mod text;
pub mod units;

pub use address::{AddressError, ChipAddress, Endpoint, EndpointError, Host, Transport};
pub use base64url::Base64UrlError;
pub use canonical::CanonicalText;
pub use cert::Cert;
pub use chit::Chit;
pub use contract::Contract;
pub use date::{Timestamp, TimestampError};
pub use freed::Freed;
pub use ids::{AgentId, AgentIdError, ChitId, ContractId, Cuid, CuidError, Hash, HashError};
pub use ids::{LiftId, PaymentId, TallyId, UuidError};
pub use json::{Json, JsonError};
pub use key::{KeyError, PublicKey, SecretKey};
pub use lading::Lading;
pub use lift::Lift;
pub use link::{InviteLink, KeyPrint, LinkError, PayLink, PayNumber};
pub use moved::Moved;
pub use rate::{Rate, RateError};
pub use record::Record;
pub use settings::Settings;
pub use side::{Side, Sides};
pub use signature::{
    SignError, Signature, SignatureError, SignatureFault, Signed, Signer, Verified,
};
pub use tally::Tally;
pub use terms::Terms;
pub use units::{Units, UnitsError};
