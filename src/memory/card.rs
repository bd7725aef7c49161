//! Memory of a graphics card, as NVIDIA's driver tells it; its library is looked for at run time.

use std::sync::OnceLock;

use nvml_wrapper::Nvml;

use super::Room;

/// The memory of the card in this place on the bus ("0000:01:00.0"), whoever takes it; none where the driver knows no such
/// card, as with other makers'.
pub(super) fn room(place: &str) -> Option<Room> {
    static DRIVER: OnceLock<Option<Nvml>> = OnceLock::new();
    let driver = DRIVER.get_or_init(|| Nvml::init().ok()).as_ref()?;
    let memory = driver
        .device_by_pci_bus_id(place)
        .ok()?
        .memory_info()
        .ok()?;
    Some(Room {
        whole_bytes: memory.total,
        free_bytes: memory.free,
    })
}
