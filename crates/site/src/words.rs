//! How words of the store, and sums in 128 bits, are written in JSON.

/// A user's kind, as its word.
pub(crate) mod kind {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use store::UserKind;

    pub(crate) fn serialize<S: Serializer>(kind: &UserKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.word())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UserKind, D::Error> {
        let word = String::deserialize(from)?;
        UserKind::of_word(&word).ok_or_else(|| D::Error::custom("not person or organisation"))
    }
}

/// A user's status, as its word.
pub(crate) mod status {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use store::UserStatus;

    pub(crate) fn serialize<S: Serializer>(status: &UserStatus, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(status.word())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UserStatus, D::Error> {
        let word = String::deserialize(from)?;
        UserStatus::of_word(&word).ok_or_else(|| D::Error::custom("not active or suspended"))
    }
}

/// A sum over many tallies, as text: it may go beyond what a JSON number holds exactly.
pub(crate) mod sum {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(sum: &i128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(sum)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The offer on the table, as an object with the side that made it.
pub(crate) mod on_table {
    use protocol::{Side, Tally};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct Shown<'a> {
        tally: &'a Tally,
        by: Side,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Read {
        tally: Tally,
        by: Side,
    }

    pub(crate) fn serialize<S: Serializer>(
        offer: &Option<(Tally, Side)>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        offer.as_ref().map(|(tally, by)| Shown { tally, by: *by }).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<(Tally, Side)>, D::Error> {
        Ok(Option::<Read>::deserialize(from)?.map(|read| (read.tally, read.by)))
    }
}

/// Where an agent answers, as text: `host:port`.
pub(crate) mod place {
    use protocol::address::Endpoint;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        place: &Option<Endpoint>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match place {
            Some(place) => to.collect_str(place),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Endpoint>, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}
