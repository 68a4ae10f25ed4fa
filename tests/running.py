"""A real service in a real process, for tests: started, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

START_S = 60


@dataclass
class Service:
    """`kg serve` on a data folder; also runs `kg` commands against it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    url: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
        return {
            **clean,
            "KG_DATA_DIR": str(self.folder),
            "KG_KEY_DIR": str(self.folder / "customer-keys"),
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }

    def start(self, *arguments: str) -> Service:
        """Start the service and wait for its line."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kgservice", "serve", "--port", "0", *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if line.startswith("listening on "):
                self.url = line.split()[-1]
                break
        else:
            raise AssertionError("the service did not start:\n" + "".join(self.log))
        threading.Thread(target=self._drain, args=(self.process,), daemon=True).start()
        return self

    def _drain(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log.append(line)

    def stop(self) -> int:
        """Stop it as an operator would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """Kill it as a power cut would: every process of it, at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def kg(self, *arguments: str, expect: int | None = 0, stdin: str = "") -> str:
        """Run a command and give its output; `expect` None accepts any exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "kgservice", *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if expect is not None:
            said = f"kg {' '.join(arguments)} gave {done.returncode}\n{done.stdout}{done.stderr}"
            assert done.returncode == expect, said + "".join(self.log[-40:])
        return (
            done.stdout if done.returncode in (0, 1) and done.stdout else done.stdout + done.stderr
        )

    def kg_json(self, *arguments: str, expect: int | None = 0) -> dict[str, object]:
        """Run a command that prints JSON."""
        value = json.loads(self.kg(*arguments, expect=expect))
        assert isinstance(value, dict)
        return value

    @property
    def token(self) -> str:
        return (self.folder / "operator.token").read_text(encoding="ascii").strip()
