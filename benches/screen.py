#!/usr/bin/env python3
"""Measures the program on a terminal from outside: first frame, answer to a key, idle processor time, memory.

    cargo build --release && python3 benches/screen.py target/release/autopeft-tui
    python3 benches/screen.py --peer wandb leet offline-run --first Metrics

A pseudo-terminal of 200 x 60 stands in for the user's. The study of 10,000 trials is the quickstart, whose journal is
written here. Keys are letters typed into the filter, which no other drawing shows, while a training and, with
--search, a fit of the surrogate are under way. Needs Python's standard library and Linux.
"""

import argparse
import fcntl
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import zlib

TICKS = os.sysconf("SC_CLK_TCK")
LETTERS = "ΩΨΣΞλπφψωδ"


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, command, columns=200, rows=60):
        self.begun = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ.update(TERM="xterm-256color", COLORFGBG="15;0")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, patience):
        """What arrived within so many seconds."""
        ready, _, _ = select.select([self.fd], [], [], patience)
        if not ready:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            return b""

    def until(self, pattern, patience):
        """Seconds until what arrives matches; none where it does not in time."""
        begun, seen = time.perf_counter(), b""
        while time.perf_counter() - begun < patience:
            seen = seen[-4096:] + self.read(0.5)
            if re.search(pattern, seen):
                return time.perf_counter() - begun
        return None

    def drain(self, seconds):
        end = time.perf_counter() + seconds
        count = 0
        while (left := end - time.perf_counter()) > 0:
            count += len(self.read(left))
        return count

    def write(self, text):
        os.write(self.fd, text.encode())

    def family(self):
        """The process and its children, whose work is its own."""
        found, ahead = [], [self.pid]
        while ahead:
            pid = ahead.pop()
            found.append(pid)
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as children:
                    ahead += map(int, children.read().split())
        return found

    def processor_seconds(self):
        ticks = 0
        for pid in self.family():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def resident_bytes(self):
        kilobytes = 0
        for pid in self.family():
            with open(f"/proc/{pid}/status") as status:
                kilobytes += int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        return kilobytes * 1024

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        try:
            while self.read(20.0):
                pass
            os.waitpid(self.pid, 0)
        finally:
            os.close(self.fd)


def line(record, stamp):
    text = json.dumps({"unix_seconds": stamp, **record}, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def fill(journal, trials):
    """Appends finished trials to a journal, up to so many."""
    with open(journal) as file:
        records = [json.loads(text[9:]) for text in file.read().replace("\n", "\t").split("\t") if text]
    space = records[0]["space"]
    known = sum(record["record"] == "trial_queued" for record in records)
    draw = random.Random(1)
    with open(journal, "a") as file:
        for number in range(known, trials):
            layers = [l for l in space["candidate_layers"] if draw.random() < 0.6] or [0]
            modules = {axis["name"]: draw.choice(axis["sizes"]) for axis in space["modules"]}
            modules = {name: size for name, size in modules.items() if size} or {"serial": 1}
            weights = {axis["name"]: axis["weights_per_unit"] for axis in space["modules"]}
            count = sum(weights[name] * size for name, size in modules.items()) * len(layers)
            score = 0.6 + 0.3 * draw.random()
            relevance = [[f"layer {i}", round(1 / (i + 1), 3)] for i in range(7)]
            diagnostics = dict(predicted_score=[score + 0.01, 0.02], acquisition=-3.25, relevance=relevance,
                               fit_seconds=0.4, search_seconds=0.2, note=None)
            stamp = 1.8e9 + number
            configuration = {"modules": modules, "layers": layers}
            write = lambda **record: file.write(line(record, stamp))
            write(record="trial_queued", trial=number, configuration=configuration, origin={"proposed": diagnostics})
            write(record="trial_started", trial=number)
            for epoch in range(1, 5):
                report = dict(epoch=epoch, train_loss=0.7 / epoch, validation_loss=0.72 / epoch, score=score,
                              wall_seconds=2.5 * epoch)
                write(record="trial_epoch", trial=number, report=report)
            objectives = dict(score=score, parameters_percent=100 * count / space["backbone_parameters"])
            measurement = dict(objectives=objectives, best_epoch=4, trained_parameters=count, wall_seconds=10.0)
            write(record="trial_finished", trial=number, measurement=measurement)


def quantiles(times):
    times = sorted(times)
    at = lambda share: 1e3 * times[min(len(times) - 1, int(share * len(times)))]
    return f"p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, most {at(1.0):.1f} ms, of {len(times)}"


def answers(terminal, count):
    """Times from a letter typed to the letter drawn."""
    terminal.write("/")
    terminal.drain(0.5)
    draw, times = random.Random(2), []
    for number in range(count):
        letter = draw.choice(LETTERS)
        terminal.write(letter)
        taken = terminal.until(letter.encode(), 5.0)
        if taken is None:
            raise SystemExit("a letter typed was never drawn")
        times.append(taken)
        terminal.drain(draw.uniform(0.03, 0.15))
        if number % 20 == 19:
            terminal.write("\x15")
            terminal.drain(0.2)
    terminal.write("\x1b")
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--peer", nargs="+", help="another program, whose filter `/` opens, in place of ours")
    parser.add_argument("--first", default="Trials ", help="what the peer's first whole frame shows")
    parser.add_argument("--study", default="studies/quickstart.toml")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--letters", type=int, default=300)
    parser.add_argument("--idle-seconds", type=float, default=20)
    parser.add_argument("--search", action="store_true", help="small study: fits of the surrogate besides the training")
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(arguments)
    lab = tempfile.mkdtemp()
    try:
        measure(arguments, lab)
    finally:
        shutil.rmtree(lab)


def peer(arguments):
    terminal = Terminal(arguments.peer)
    seconds = terminal.until(arguments.first.encode(), 120.0)
    print(f"start to first frame: {1e3 * seconds:.0f} ms" if seconds else "no first frame")
    terminal.drain(15.0)
    before = terminal.processor_seconds()
    drawn = terminal.drain(arguments.idle_seconds)
    share = 100 * (terminal.processor_seconds() - before) / arguments.idle_seconds
    print(f"nobody at the keys: {share:.2f} % of a core, {drawn / arguments.idle_seconds:.0f} bytes a second drawn, "
          f"{terminal.resident_bytes() / 1e6:.0f} MB resident")
    print(f"letter to its drawing: {quantiles(answers(terminal, arguments.letters))}")
    terminal.end()


def measure(arguments, lab):
    common = [arguments.study, "--runs", lab, "--device", "cpu"]
    run = [arguments.program, "run", *common]
    first = 12 if arguments.search else 1
    subprocess.run([*run, "--headless", "--trials", str(first)], check=True, stdout=subprocess.DEVNULL)
    if arguments.search:
        trials = 400
    else:
        trials = arguments.trials + 100
        [journal] = [os.path.join(lab, name, "journal.jsonl") for name in os.listdir(lab)]
        fill(journal, arguments.trials)
        print(f"journal: {arguments.trials} trials, {os.path.getsize(journal) / 1e6:.1f} MB")
        times = []
        for _ in range(5):
            terminal = Terminal([arguments.program, "watch", arguments.study, "--runs", lab])
            times.append(terminal.until(b"Trials ", 60.0) or 60.0)
            seen = terminal.resident_bytes()
            terminal.drain(0.5)
            terminal.end()
        print(f"watch, start to first frame: {quantiles(times)}; {seen / 1e6:.0f} MB resident")
    terminal = Terminal([*run, "--trials", str(first if arguments.search else arguments.trials)])
    seconds = terminal.until(b"Trials ", 120.0)
    print(f"run, start to first frame: {1e3 * seconds:.0f} ms" if seconds else "run: no first frame")
    terminal.drain(8.0)
    before = terminal.processor_seconds()
    drawn = terminal.drain(arguments.idle_seconds)
    share = 100 * (terminal.processor_seconds() - before) / arguments.idle_seconds
    print(f"complete study, nobody at the keys: {share:.2f} % of a core, "
          f"{drawn / arguments.idle_seconds:.0f} bytes a second drawn, {terminal.resident_bytes() / 1e6:.0f} MB resident")
    terminal.end()
    terminal = Terminal([*run, "--trials", str(trials)])
    terminal.until(b"Trials ", 120.0)
    terminal.drain(8.0)
    print(f"letter to its drawing, training and search under way: {quantiles(answers(terminal, arguments.letters))}")
    terminal.end()


if __name__ == "__main__":
    main()
