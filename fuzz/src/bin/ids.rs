//! Ids, hashes and signatures: one spelling each.
#![no_main]

use protocol::{AgentId, ChitId, ContractId, Cuid, Hash, LiftId, PaymentId, Signature, TallyId};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::one_spelling::<Cuid>(data);
    fuzz::one_spelling::<AgentId>(data);
    fuzz::one_spelling::<TallyId>(data);
    fuzz::one_spelling::<ChitId>(data);
    fuzz::one_spelling::<PaymentId>(data);
    fuzz::one_spelling::<Hash>(data);
    fuzz::one_spelling::<LiftId>(data);
    fuzz::one_spelling::<ContractId>(data);
    fuzz::one_spelling::<Signature>(data);
    if let Some(agent) = fuzz::printed_is_read_back::<AgentId>(data) {
        assert_eq!(AgentId::of(&agent.public_key()), Ok(agent));
    }
});
