//! Tells about downloads on standard error: a line when a file begins.

use autopeft::hub::HubProgress;

use super::output;

/// A listener for downloads.
pub(crate) fn teller() -> impl FnMut(HubProgress) {
    let mut told = None;
    move |progress| {
        let file = (progress.repository, progress.file);
        if told.as_ref() != Some(&file) {
            let mebibytes = progress.total_bytes as f64 / f64::from(1 << 20);
            output::tell(format_args!(
                "downloading {} of {} ({mebibytes:.1} MiB)",
                file.1, file.0
            ));
            told = Some(file);
        }
    }
}
