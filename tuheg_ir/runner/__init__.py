"""Runs playbooks: the one place that knows ansible-runner and the processes it starts."""

from tuheg_ir.runner.events import Diff, PlayError, RunOutcome, TaskEvent
from tuheg_ir.runner.processes import Process
from tuheg_ir.runner.run import run_playbook, stop_signals

__all__ = ["Diff", "PlayError", "Process", "RunOutcome", "TaskEvent", "run_playbook", "stop_signals"]
