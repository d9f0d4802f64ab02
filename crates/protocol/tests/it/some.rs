//! Strategies that make valid ids, keys and addresses, for the other modules.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use protocol::{AgentId, ChipAddress, Cuid, Endpoint, Host, SecretKey, Signer as _, Transport};

pub(crate) fn secret_key() -> impl Strategy<Value = SecretKey> {
    (any::<[u8; 32]>(), any::<bool>()).prop_filter_map("no P-256 secret", |(bytes, p256)| {
        if p256 { SecretKey::p256(&bytes).ok() } else { Some(SecretKey::ed25519(&bytes)) }
    })
}

pub(crate) fn agent() -> impl Strategy<Value = AgentId> {
    any::<[u8; 32]>()
        .prop_map(|bytes| AgentId::of(&SecretKey::ed25519(&bytes).public_key()).unwrap())
}

pub(crate) fn cuid() -> impl Strategy<Value = Cuid> {
    "[a-z0-9][a-z0-9._-]{0,63}".prop_map(|text| text.parse().unwrap())
}

pub(crate) fn host() -> impl Strategy<Value = Host> {
    let label = "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?";
    let name = (vec(label, 0..4), "[a-z]([a-z0-9-]{0,20}[a-z0-9])?")
        .prop_map(|(labels, last)| [labels, vec![last]].concat().join("."));
    prop_oneof![
        name.prop_map(|name| Host::Dns(name.parse().unwrap())),
        any::<[u8; 4]>().prop_map(|bytes| Host::Ip4(bytes.into())),
        any::<[u8; 16]>().prop_map(|bytes| Host::Ip6(bytes.into())),
        vec(prop_oneof![Just(0_u16), any::<u16>()], 8)
            .prop_map(|groups| Host::Ip6(<[u16; 8]>::try_from(groups).unwrap().into())),
    ]
}

pub(crate) fn address() -> impl Strategy<Value = ChipAddress> {
    let transport = prop_oneof![Just(Transport::Tcp), Just(Transport::Quic)];
    let endpoint = (host(), 1_u16.., transport, option::of(agent()))
        .prop_map(|(host, port, transport, relay)| Endpoint { host, port, transport, relay });
    (cuid(), agent(), option::of(endpoint)).prop_map(|(cuid, agent, endpoint)| ChipAddress {
        cuid,
        agent,
        endpoint,
    })
}
