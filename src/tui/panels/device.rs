//! The devices: how busy, how full, how warm.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{DeviceStatus, DeviceVitals, Severity, State};
use crate::tui::format::{fitted, wrapped};
use crate::tui::view::View;

/// Width of a bar.
const BAR: usize = 10;

pub(super) fn title(_: &View, state: &State) -> String {
    let latest = state
        .vitals
        .as_ref()
        .and_then(|vitals| vitals.devices.first());
    let busy = latest.and_then(|device| device.utilisation);
    match busy {
        Some(share) => format!("Device {:.0}% busy", 100.0 * share),
        None => "Device".into(),
    }
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, view: &mut View, state: &State) {
    let palette = view.palette;
    let width = usize::from(area.width);
    let mut rows = area.y..area.bottom();
    let mut line = |text: &str, style: Style| {
        if let Some(row) = rows.next() {
            buffer.set_stringn(area.x, row, text, width, style);
        }
    };
    let (status, severity) = match &state.device {
        DeviceStatus::Loading => ("loading model and data".to_owned(), Severity::Info),
        DeviceStatus::Ready(device) => (device.clone(), Severity::Info),
        DeviceStatus::Unavailable(cause) => (cause.to_string(), Severity::Error),
    };
    for text in wrapped(&status, width) {
        line(&text, palette.severity(severity));
    }
    let Some(vitals) = &state.vitals else { return };
    for device in &vitals.devices {
        line(&fitted(&device.name, width), palette.faint);
        for text in gauges(device) {
            line(&fitted(&text, width), Style::new());
        }
    }
    if let Some(bytes) = vitals.program_bytes {
        line(&format!("program takes {}", memory(bytes)), palette.faint);
    }
    let history = &state.utilisation;
    if history.len() > 1 {
        let kept = history.len().saturating_sub(width);
        let trace: String = history
            .iter()
            .skip(kept)
            .map(|share| eighth(*share))
            .collect();
        line(&trace, palette.score);
    }
}

/// `busy ██████····  62%  54°C` and `mem  ███·······  5.1 of 15.6 GB`, as far as it is known.
fn gauges(device: &DeviceVitals) -> Vec<String> {
    let mut lines = Vec::new();
    let warm = device.celsius.map(|celsius| format!("  {celsius:.0}°C"));
    let warm = warm.unwrap_or_default();
    match device.utilisation {
        Some(share) => lines.push(format!("busy {} {:>3.0}%{warm}", bar(share), 100.0 * share)),
        None if !warm.is_empty() => lines.push(warm.trim().to_owned()),
        None => {}
    }
    if let Some((used, all)) = device.memory_used_bytes.zip(device.memory_bytes) {
        let share = used as f64 / all.max(1) as f64;
        let all = memory(all);
        lines.push(format!(
            "mem  {} {:.1} of {all}",
            bar(share),
            used as f64 / 1e9
        ));
    }
    lines
}

/// `412 MB`, `15.6 GB`.
fn memory(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    "█".repeat(full) + &"·".repeat(BAR - full)
}

/// A column an eighth to eight eighths high.
fn eighth(share: f32) -> char {
    const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    COLUMNS[(share.clamp(0.0, 1.0) * 7.0).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_say_what_is_known_and_nothing_else() {
        let mut device = DeviceVitals {
            name: "GPU".into(),
            utilisation: Some(0.62),
            memory_used_bytes: Some(5_100_000_000),
            memory_bytes: Some(15_600_000_000),
            celsius: Some(54.2),
        };
        let expected = [
            "busy ██████···· 62%  54°C",
            "mem  ███······· 5.1 of 15.6 GB",
        ];
        assert_eq!(
            gauges(&device),
            expected.map(|line| line.replace(" 62", "  62"))
        );
        device.utilisation = None;
        assert_eq!(gauges(&device)[0], "54°C");
        assert!(gauges(&DeviceVitals::default()).is_empty());
        assert_eq!([0.0, 0.5, 2.0].map(eighth), ['▁', '▅', '█']);
    }
}
