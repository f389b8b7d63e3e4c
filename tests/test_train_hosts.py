"""Training on two hosts: network namespaces of this machine, which torchrun's rendezvous brings together."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.train.launch import Launch, this_launch

SPEC = """
model Deep(classes = 3) {
  input features: float[N, 4]
  stem: Linear(10) -> LayerNorm -> GELU
  output logits = head: Linear(classes)
}
train {
  data      = iris
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = AdamW(lr = 3e-3)
  epochs    = 4
  batch     = 23
}
"""
ENDS = 30.0  # seconds in which the others end when a host is gone


def able() -> bool:
    """Whether this user may make network namespaces here."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        return False
    name = f"nnspec{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    return made and subprocess.run(["ip", "netns", "del", name], capture_output=True).returncode == 0


class Hosts:
    """Two namespaces with a cable between them."""

    def __init__(self) -> None:
        self.names = [f"nnspec{os.getpid()}{letter}" for letter in "ab"]
        self.cables = [f"nn{os.getpid() % 10**6}{letter}" for letter in "ab"]
        self.addresses = ["10.97.0.1", "10.97.0.2"]
        for name in self.names:
            self.ip("netns", "add", name)
        self.ip("link", "add", self.cables[0], "type", "veth", "peer", "name", self.cables[1])
        for name, cable, address in zip(self.names, self.cables, self.addresses, strict=True):
            self.ip("link", "set", cable, "netns", name)
            self.ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            self.ip("-n", name, "link", "set", cable, "up")
            self.ip("-n", name, "link", "set", "lo", "up")

    @staticmethod
    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def close(self) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def train(self, host: int) -> bool:
        """Whether a process of the run is alive on a host."""
        found = subprocess.run(["ip", "netns", "pids", self.names[host]], capture_output=True, text=True).stdout
        return any(_trains(Path(f"/proc/{number}")) for number in found.split())

    def start(self, host: int, folder: Path, *arguments: str) -> subprocess.Popen[str]:
        """torchrun on a host, with one process."""
        launch = ["-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-id", "job",
                  "--rdzv-backend", "c10d", "--rdzv-endpoint", f"{self.addresses[0]}:29400",
                  "--rdzv-conf", f"is_host={int(host == 0)}", "--local-addr", self.addresses[host]]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": self.cables[host]}
        command = ["ip", "netns", "exec", self.names[host], sys.executable, *launch, "-m", "nnspec", "train",
                   str(folder / "deep.nn"), "--strategy", "ddp", "--device", "cpu", *arguments]  # fmt: skip
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)  # fmt: skip


def _trains(process: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"nnspec" in words and b"torch.distributed.run" not in words


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if not able():
        pytest.skip("needs root and `ip netns`")
    (tmp_path / "deep.nn").write_text(SPEC)
    found = Hosts()
    yield found
    found.close()


def on_one_host(processes: int, folder: Path, *arguments: str) -> None:
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "nnspec"]
    strategy = ["--strategy", "ddp", "--device", "cpu"]
    command = [sys.executable, *launch, "train", *strategy, "--quiet", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


class TestTwoHosts:
    """Two hosts, which share a folder."""

    pytestmark = pytest.mark.slow

    def test_two_hosts_with_a_process_each_are_one_host_with_two(self, hosts: Hosts, tmp_path: Path) -> None:
        processes = [hosts.start(host, tmp_path, "--name", "two", "--quiet") for host in (0, 1)]
        outputs = [process.communicate(timeout=200)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], outputs
        on_one_host(2, tmp_path, "deep.nn", "--name", "one")
        for own, other in zip(rows(tmp_path / "runs/two"), rows(tmp_path / "runs/one"), strict=True):
            for name in ("loss", "validation_loss", "accuracy"):
                assert float(own[name]) == pytest.approx(float(other[name]), abs=1e-6)
        found, wanted = (load_file(tmp_path / "runs" / name / "last.safetensors") for name in ("two", "one"))
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize("gone", [1, 0], ids=["a host", "the host of the rendezvous"])
    def test_when_a_host_is_gone_the_others_end_and_any_number_goes_on(
        self, gone: int, hosts: Hosts, tmp_path: Path
    ) -> None:
        arguments = ["--name", "long", "--set", "epochs=100000"]
        processes = [hosts.start(host, tmp_path, *arguments) for host in (0, 1)]
        metrics, deadline = tmp_path / "runs/long/metrics.csv", time.monotonic() + 120
        while not metrics.exists() or len(rows(metrics.parent)) < 3:
            assert time.monotonic() < deadline and processes[0].poll() is None, processes[0].communicate()[0]
            time.sleep(0.1)
        hosts.ip("-n", hosts.names[gone], "link", "set", hosts.cables[gone], "down")  # as if without power
        began = time.monotonic()
        found = subprocess.run(["ip", "netns", "pids", hosts.names[gone]], capture_output=True, text=True)
        for number in found.stdout.split():
            os.kill(int(number), 9)
        while hosts.train(1 - gone):
            assert time.monotonic() - began < ENDS
            time.sleep(0.2)
        if gone == 0:  # torchrun itself waits for the host of its rendezvous
            processes[1].send_signal(signal.SIGTERM)
            time.sleep(1)
            os.killpg(processes[1].pid, 9)
        output, _ = processes[1 - gone].communicate(timeout=60)
        assert processes[1 - gone].returncode != 0 and "another process of the run has ended" in output
        processes[gone].communicate(timeout=60)
        done = len(rows(tmp_path / "runs/long"))
        alone = nnspec.load(tmp_path / "deep.nn").train(runs=tmp_path / "alone", quiet=True, epochs=done + 2)
        for number in (1, 2, 4):
            name = f"with{number}"
            shutil.copytree(tmp_path / "runs/long", tmp_path / name)
            if number == 1:
                nnspec.resume(tmp_path / name, quiet=True, epochs=done + 2)
            else:
                on_one_host(number, tmp_path, "--resume", name, "--set", f"epochs={done + 2}")
            for own, other in zip(rows(tmp_path / name), alone.history, strict=True):
                assert float(own["loss"]) == pytest.approx(other["loss"], rel=1e-3)

    def test_torchrun_starts_processes_again_which_go_on_by_themselves(self, tmp_path: Path) -> None:
        (tmp_path / "deep.nn").write_text(SPEC)
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--max-restarts", "2"]
        command = [sys.executable, *launch, "-m", "nnspec", "train", "deep.nn", "--strategy", "ddp", "--device", "cpu",
                   "--set", "epochs=60"]  # fmt: skip
        process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        run, deadline = tmp_path / "runs/deep-1", time.monotonic() + 120
        while not (run / "metrics.csv").exists() or len(rows(run)) < 3:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), 9)
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0 and "resumed after" in output, output
        assert [path.name for path in (tmp_path / "runs").iterdir()] == ["deep-1"]
        alone = nnspec.load(tmp_path / "deep.nn").train(runs=tmp_path / "alone", quiet=True, epochs=60)
        assert [float(row["loss"]) for row in rows(run)] == pytest.approx(
            [row["loss"] for row in alone.history], rel=1e-3
        )


def test_a_launch_is_known_by_what_torchrun_says() -> None:
    assert this_launch({}) == Launch("", 0)
    assert this_launch({"TORCHELASTIC_RUN_ID": "job", "TORCHELASTIC_RESTART_COUNT": "2"}) == Launch("job", 2)
    assert this_launch({"TORCHELASTIC_RUN_ID": "none"}) == Launch(f"none-{os.getppid()}", 0)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_for_slurm_queues_a_run_again_and_goes_on_with_it(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "deep.nn").write_text(SPEC.replace("epochs    = 4", "epochs    = 100000"))
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {
        "srun": 'exec "$@"',
        "scontrol": 'if [ "$1" = show ]; then echo 127.0.0.1; else echo "$@" >> queue.txt; fi',
        "torchrun": f'exec {sys.executable} -m torch.distributed.run "$@"',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1", "MODEL": "deep.nn",
                   "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "here", "SLURM_NNODES": "1"}  # fmt: skip
    metrics, seen = tmp_path / "runs/one/metrics.csv", 0
    for turn in (1, 2):
        job = subprocess.Popen(["bash", str(repository / "examples/slurm.sh")], cwd=tmp_path, env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        deadline = time.monotonic() + 120
        while not metrics.exists() or len(rows(metrics.parent)) < seen + 3:
            assert time.monotonic() < deadline and job.poll() is None
            time.sleep(0.1)
        job.send_signal(signal.SIGUSR1)
        output, _ = job.communicate(timeout=120)
        assert job.returncode == 0 and "go on with it" in output, output
        assert ("resumed after" in output) == (turn == 2)
        assert (tmp_path / "queue.txt").read_text().splitlines() == ["requeue 7"] * turn
        seen = len(rows(metrics.parent))
