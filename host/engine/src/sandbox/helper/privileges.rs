//! Takes every capability from a process that is about to become the tool, so that being root means nothing. Does not
//! know users and groups.

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
};

use super::super::Fault;
use super::At;

/// Gives all capabilities up, for good: no program that is executed later gets one back.
pub(super) fn drop_all() -> Result<(), Fault> {
    const STEP: &str = "give up capabilities";
    let held = capabilities(None).at(STEP)?;
    if held.permitted.contains(CapabilitySet::SETPCAP) {
        let bits = CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
        set_capabilities_secure_bits(bits).at(STEP)?;
        for capability in CapabilitySet::all().iter() {
            // One that this kernel does not know cannot be held either.
            remove_capability_from_bounding_set(capability).ok();
        }
    }
    clear_ambient_capability_set().at(STEP)?;
    let none = CapabilitySet::empty();
    set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )
    .at(STEP)
}
