//! What can be said on the command line.

use std::path::PathBuf;

use anyhow::Result;
use autopeft::app::launch::{Options, run_folder};
use autopeft::model::device::DeviceChoice;
use autopeft::study::{MOST_TRIALS, Study};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::evaluate::EvaluateArguments;
use super::fidelity::FidelityArguments;
use super::init::InitArguments;
use super::pretrain::PretrainArguments;
use super::transfer::TransferArguments;

/// Find the best parameter-efficient fine-tuning configurations for an encoder and a task.
///
/// Reads a study file (TOML): which pretrained encoder, which task, which modules, how many trials. Trains one
/// configuration after the other, learns from each which to try next, and shows trials, curves and the Pareto front
/// of score against parameters on a terminal screen. Running the same command again goes on where it stopped.
#[derive(Debug, Parser)]
#[command(
    name = "autopeft-tui",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    max_term_width = 100,
    override_usage = "autopeft-tui [OPTIONS] STUDY.toml\n       autopeft-tui COMMAND ...",
    after_help = "\
Start with:
  autopeft-tui studies/quickstart.toml    a whole study, nothing to download
  autopeft-tui keys                       every key of a study file

Exit codes:
  0 done, 1 failed, 2 wrong usage or study file, 130 interrupted with everything saved,
  as a run is whose output nobody reads any more"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) open: Option<StudyArguments>,
}

/// A study file and what the command line changes in it.
#[derive(Args, Debug)]
pub(crate) struct StudyArguments {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(crate) file: PathBuf,
    /// Folder of all runs; each study has its own folder in it
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Where to train: auto, cpu, cuda[:N] or wgpu[:N]
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Use the device even where it does not compute what it should, see `doctor`
    #[arg(long)]
    pub(crate) unsafe_device: bool,
    /// Trials in all, instead of the study file's number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TRIALS)))]
    trials: Option<u32>,
    /// Seed, instead of the study file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work on a study: on the screen, or headless with a line per event
    Run(RunArguments),
    /// Write a study file for data of your own, after a look at it
    Init(InitArguments),
    /// Resolve and validate everything, and say what would be done, in what time and memory; a few steps are timed
    Check(StudyArguments),
    /// Show trials, front and hypervolume from the journal, also while the study runs
    Status(StatusArguments),
    /// Look at a study on which another program works, here or on another machine, live
    Watch(WatchArguments),
    /// Write the front as a table, a document, a picture, and trained adapters
    Export(ExportArguments),
    /// Train the front and the usual choices anew over several seeds, and measure them on rows kept apart
    Evaluate(EvaluateArguments),
    /// Train what was found on one task on others, unchanged, and measure it there
    #[command(after_help = "\
To search on another task, knowing what this study measured:
  autopeft-tui run OTHER.toml --earlier runs/NAME")]
    Transfer(TransferArguments),
    /// Measure whether the study's reduced training ([fidelity]) ranks configurations as the full one does
    Fidelity(FidelityArguments),
    /// Write a study on one page: HTML that needs nothing else, and Markdown
    Report {
        #[command(flatten)]
        study: StudyArguments,
        /// Folder to write to [default: the study's run folder]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Load exported adapters again and check that they score what their cards say
    Verify {
        /// Folder of an export with adapters
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Where to compute: auto, cpu, cuda[:N] or wgpu[:N]
        #[arg(long, value_name = "DEVICE", default_value = "auto")]
        device: DeviceChoice,
        /// Also write predictions.jsonl beside each adapter: every validation row with its logits
        #[arg(long)]
        predictions: bool,
    },
    /// Examine a device: does it compute what it should, and how fast; fails where it does not
    Doctor {
        /// The device: auto, cpu, cuda[:N] or wgpu[:N]
        #[arg(long, value_name = "DEVICE", default_value = "auto")]
        device: DeviceChoice,
        /// One JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Pretrain the small encoder of the embedded default anew
    Pretrain(PretrainArguments),
    /// Explain every key of a study file, with its default and the paper's value
    Keys,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, in roff
    Man,
}

/// See [`Command::Run`].
#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// No screen: a line per event; also the way where standard output is no terminal
    #[arg(long)]
    pub(crate) headless: bool,
    /// A JSON object per event instead of a line; implies --headless
    #[arg(long)]
    pub(crate) json: bool,
    /// Also try the configuration of an exported trial, such as another study's; several with commas
    #[arg(long = "try", value_name = "DIR", value_delimiter = ',')]
    pub(crate) wanted: Vec<PathBuf>,
    /// Begin with what another study measured, such as `runs/rte` of another task; several with commas
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub(crate) earlier: Vec<PathBuf>,
}

/// See [`Command::Status`].
#[derive(Args, Debug)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// See [`Command::Watch`].
#[derive(Args, Debug)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// Draw the screen once, as an SVG picture, and leave
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) picture: Option<PathBuf>,
    /// Columns and rows of the picture
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "120x40", value_parser = size)]
    pub(crate) size: (u16, u16),
}

/// Reads `120x40`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let sides = text.split_once(['x', '×']).and_then(|(width, height)| {
        let side = |text: &str| text.parse().ok().filter(|side| (1..=1000).contains(side));
        side(width).zip(side(height))
    });
    sides.ok_or_else(|| "write columns and rows, such as 120x40".to_owned())
}

/// See [`Command::Export`].
#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) study: StudyArguments,
    /// What to write; several with commas
    #[arg(
        long,
        value_name = "FORMAT",
        value_delimiter = ',',
        default_value = autopeft::export::ALL,
        value_parser = format_names()
    )]
    pub(crate) format: Vec<String>,
    /// Folder to write to [default: `export` in the study's run folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

fn format_names() -> Vec<&'static str> {
    let names = autopeft::export::FORMATS.iter().map(|format| format.name());
    names.chain([autopeft::export::ALL]).collect()
}

impl StudyArguments {
    /// The study of the file with the command line's changes.
    pub(crate) fn read(&self) -> Result<Study> {
        let mut study = Study::read(&self.file)?;
        if let Some(trials) = self.trials {
            study.search.trials = trials as usize;
        }
        if let Some(seed) = self.seed {
            study.seed = seed;
        }
        Ok(study)
    }

    /// What does not belong to the study itself.
    pub(crate) fn options(&self) -> Options {
        Options {
            runs: self.runs.clone(),
            device: self.device,
            wanted: Vec::new(),
            earlier: Vec::new(),
            threads: 0,
        }
    }

    /// Folder of the study's run.
    pub(crate) fn run_folder(&self, study: &Study) -> PathBuf {
        run_folder(&self.runs, study)
    }
}
