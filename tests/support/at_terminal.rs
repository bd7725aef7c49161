//! The program itself on a pseudo-terminal, with somebody at the keyboard.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};

use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::lab::Lab;

/// What the program writes to leave the screen.
const LEAVE: &str = "\x1b[?1049l";

/// A program at work on its screen.
pub(crate) struct AtTerminal {
    child: Child,
    keyboard: File,
    written: JoinHandle<String>,
}

impl AtTerminal {
    /// Works on the lab's study, on a screen of 120 columns and 40 rows.
    pub(crate) fn start(lab: &Lab) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let end = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let stdio = || Stdio::from(end.try_clone().unwrap());
        let mut command = lab.command(&["run", "study.toml", "--device", "cpu"]);
        command
            .env("TERM", "xterm-256color")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio());
        // SAFETY: two system calls, which take no lock and allocate nothing.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        let mut reader = File::from(terminal);
        let keyboard = reader.try_clone().unwrap();
        let written = thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            // Ends by an error once nobody has the other end open.
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..read]);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            child,
            keyboard,
            written,
        }
    }

    /// Types these characters at once.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The exit code, and what was written after the screen was left.
    pub(crate) fn end(mut self) -> String {
        let status = self.child.wait().unwrap();
        drop(self.keyboard);
        let written = self.written.join().unwrap();
        let (_, behind) = written.rsplit_once(LEAVE).expect("the screen was left");
        // Colours and the cursor, which are given back there as well.
        let mut text = String::new();
        let mut escaped = false;
        for character in behind.chars() {
            match character {
                '\x1b' => escaped = true,
                _ if escaped => escaped = !character.is_ascii_alphabetic(),
                '\r' => {}
                other => text.push(other),
            }
        }
        format!("exit code {:?}\n{text}", status.code())
    }
}
