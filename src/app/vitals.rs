//! How the devices are doing: utilisation, memory, temperature, once a second.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, TrySendError, bounded};
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;

use crate::{memory, threads};

const INTERVAL: Duration = Duration::from_secs(1);

/// One look at every device: GPUs first, then this machine's processors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// The devices.
    pub devices: Vec<DeviceVitals>,
    /// Memory that this program takes, in bytes.
    pub program_bytes: Option<u64>,
}

/// One look at a device; what it does not tell is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceVitals {
    /// Name, for people.
    pub name: String,
    /// Share of the time at work since the last look, 0 to 1.
    pub utilisation: Option<f64>,
    /// Memory taken, by anyone, in bytes.
    pub memory_used_bytes: Option<u64>,
    /// Memory in all, in bytes.
    pub memory_bytes: Option<u64>,
    /// Temperature in degrees Celsius.
    pub celsius: Option<f64>,
}

/// Looks once a second from now on, as long as someone listens; a look that nobody took is skipped.
///
/// # Errors
/// Where the system gives no further thread.
pub fn watch() -> io::Result<Receiver<Vitals>> {
    let (sender, receiver) = bounded(1);
    threads::start("vitals", move || {
        // Absent without the driver: then there is no GPU to tell of.
        let nvml = Nvml::init().ok();
        let mut processors = Processors::default();
        loop {
            let mut devices = nvml.as_ref().map(graphics).unwrap_or_default();
            devices.push(processors.look());
            let vitals = Vitals {
                devices,
                program_bytes: program_bytes(),
            };
            if let Err(TrySendError::Disconnected(_)) = sender.try_send(vitals) {
                return;
            }
            thread::sleep(INTERVAL);
        }
    })?;
    Ok(receiver)
}

fn graphics(nvml: &Nvml) -> Vec<DeviceVitals> {
    let count = nvml.device_count().unwrap_or(0);
    let devices = (0..count).filter_map(|index| nvml.device_by_index(index).ok());
    devices
        .map(|device| {
            let memory = device.memory_info().ok();
            let busy = device.utilization_rates().ok();
            let celsius = device.temperature(TemperatureSensor::Gpu).ok();
            DeviceVitals {
                name: device.name().unwrap_or_else(|_| "GPU".to_owned()),
                utilisation: busy.map(|rates| f64::from(rates.gpu) / 100.0),
                memory_used_bytes: memory.as_ref().map(|memory| memory.used),
                memory_bytes: memory.as_ref().map(|memory| memory.total),
                celsius: celsius.map(f64::from),
            }
        })
        .collect()
}

/// The processors, and where their clocks stood at the last look.
#[derive(Default)]
struct Processors {
    ticks: Option<Ticks>,
}

/// Clock ticks since the machine started, over all processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    idle: u64,
}

impl Ticks {
    /// Share at work between two looks; none where no time has passed.
    fn share_since(self, before: Self) -> Option<f64> {
        let busy = self.busy.saturating_sub(before.busy) as f64;
        let idle = self.idle.saturating_sub(before.idle) as f64;
        (busy + idle > 0.0).then(|| busy / (busy + idle))
    }
}

impl Processors {
    fn look(&mut self) -> DeviceVitals {
        let now = ticks();
        let before = std::mem::replace(&mut self.ticks, now);
        let room = memory::room();
        let used = room.map(|room| room.whole_bytes.saturating_sub(room.free_bytes));
        let count = thread::available_parallelism().map_or(1, usize::from);
        DeviceVitals {
            name: format!("CPU, {count} cores"),
            utilisation: now
                .zip(before)
                .and_then(|(now, before)| now.share_since(before)),
            memory_used_bytes: used,
            memory_bytes: room.map(|room| room.whole_bytes),
            celsius: celsius(Path::new("/sys/class/hwmon")),
        }
    }
}

#[cfg(target_os = "linux")]
fn ticks() -> Option<Ticks> {
    use procfs::CurrentSI;
    let total = procfs::KernelStats::current().ok()?.total;
    let idle = total.idle + total.iowait.unwrap_or(0);
    let busy = total.user
        + total.nice
        + total.system
        + total.irq.unwrap_or(0)
        + total.softirq.unwrap_or(0);
    Some(Ticks { busy, idle })
}

#[cfg(target_os = "linux")]
fn program_bytes() -> Option<u64> {
    let pages = procfs::process::Process::myself()
        .ok()?
        .statm()
        .ok()?
        .resident;
    Some(pages * procfs::page_size())
}

#[cfg(not(target_os = "linux"))]
fn ticks() -> Option<Ticks> {
    None
}

#[cfg(not(target_os = "linux"))]
fn program_bytes() -> Option<u64> {
    None
}

/// The first sensor of the processors' own, as Linux lists them.
fn celsius(sensors: &Path) -> Option<f64> {
    const PROCESSORS: [&str; 3] = ["coretemp", "k10temp", "cpu_thermal"];
    let folders = fs::read_dir(sensors).ok()?.filter_map(Result::ok);
    let own = folders.map(|entry| entry.path()).find(|folder| {
        let name = fs::read_to_string(folder.join("name")).unwrap_or_default();
        PROCESSORS.contains(&name.trim())
    })?;
    let text = fs::read_to_string(own.join("temp1_input")).ok()?;
    let thousandths: f64 = text.trim().parse().ok()?;
    Some(thousandths / 1000.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn utilisation_is_the_share_between_two_looks() {
        let (before, now) = (
            Ticks {
                busy: 100,
                idle: 900,
            },
            Ticks {
                busy: 130,
                idle: 910,
            },
        );
        assert_eq!(now.share_since(before), Some(0.75));
        assert_eq!(now.share_since(now), None);
    }

    #[test]
    fn the_processors_own_sensor_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for (name, kind, value) in [
            ("hwmon0", "nvme", "30000"),
            ("hwmon1", "k10temp", "54125\n"),
        ] {
            let sensor = folder.path().join(name);
            fs::create_dir(&sensor).unwrap();
            fs::write(sensor.join("name"), format!("{kind}\n")).unwrap();
            fs::write(sensor.join("temp1_input"), value).unwrap();
        }
        assert_eq!(celsius(folder.path()), Some(54.125));
        assert_eq!(celsius(&folder.path().join("absent")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_of_itself() {
        let look = Processors::default().look();
        assert!(look.memory_used_bytes.unwrap() < look.memory_bytes.unwrap());
        assert!(program_bytes().unwrap() > 1_000_000);
        assert_eq!(look.utilisation, None, "one look alone says nothing");
    }
}
