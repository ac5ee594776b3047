#!/usr/bin/env python3
"""Plays a GitHub workflow on this machine, with artifacts as folders.

    scripts/play-workflow.py WORKFLOW CHECKOUT WORK [VARIABLE=VALUE…]

It knows what scripts/runners/github-actions.yml uses, and refuses all else. Jobs run one after another,
each in an empty folder below WORK/jobs; containers are not started. The exit code is 1 if a job failed.
"""
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys

import yaml

KEYS = {
    "workflow": {"name", True, "permissions", "defaults", "jobs"},  # YAML reads `on` as a truth value
    "job": {"needs", "if", "runs-on", "container", "timeout-minutes", "strategy", "outputs", "steps"},
    "step": {"id", "if", "uses", "with", "run", "env"},
}
ALWAYS = "${{ !cancelled() }}"
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


def known(kind, table):
    unknown = set(table) - KEYS[kind]
    assert not unknown, f"{kind} with {unknown}, which is not played here"
    return table


def value_of(expression, context):
    """The value of what stands between ${{ and }}."""
    call = re.fullmatch(r"fromJSON\((.*)\)", expression)
    if call:
        return json.loads(value_of(call[1], context))
    assert re.fullmatch(r"[a-z]+(\.[A-Za-z_]+)+", expression), f"{expression!r} is not played here"
    value = context
    for name in expression.split("."):
        assert isinstance(value, dict) and name in value, f"{expression}: there is no {name!r}"
        value = value[name]
    return value


def resolved(value, context):
    """A value of the workflow with its expressions replaced."""
    if isinstance(value, dict):
        return {key: resolved(item, context) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\$\{\{\s*([^{}]*?)\s*\}\}", value)
    if whole:
        return value_of(whole[1], context)
    text = re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: str(value_of(found[1], context)), value)
    assert "${{" not in text, f"{value!r} is not resolved"
    return text


class Play:
    def __init__(self, workflow, checkout, work, variables):
        with open(workflow, encoding="utf-8") as file:
            self.workflow = known("workflow", yaml.safe_load(file))
        assert self.workflow["defaults"] == {"run": {"shell": "bash"}}, "another shell is not played here"
        self.checkout, self.work, self.variables = checkout, os.path.abspath(work), variables
        self.artifacts = os.path.join(self.work, "artifacts")
        self.done = {}

    def play(self):
        for name, job in self.workflow["jobs"].items():
            self.done[name] = self.job(name, known("job", job))
        return all(done["result"] == "success" for done in self.done.values())

    def job(self, name, job):
        needed = [job["needs"]] if "needs" in job else []
        context = {"vars": self.variables, "needs": {need: self.done[need] for need in needed}}
        if any(self.done[need]["result"] != "success" for need in needed) and job.get("if") != ALWAYS:
            return {"result": "skipped", "outputs": {}}
        assert resolved(job["container"], context), "no container"
        # Only lists of combinations, which is what `lockstep plan --github-matrix` writes.
        strategy = resolved(job.get("strategy", {"matrix": {"include": [{}]}}), context)
        assert list(strategy["matrix"]) == ["include"] and strategy["matrix"]["include"]
        done = [
            self.steps(f"{name}-{number}", job, {**context, "matrix": matrix})
            for number, matrix in enumerate(strategy["matrix"]["include"])
        ]
        failed = any(one["result"] != "success" for one in done)
        return {"result": "failure" if failed else "success", "outputs": done[-1]["outputs"]}

    def steps(self, name, job, context):
        folder = os.path.join(self.work, "jobs", name)
        os.makedirs(folder)
        context["steps"] = {}
        result = "success"
        for number, step in enumerate(job["steps"]):
            known("step", step)
            if result != "success" and step.get("if") != ALWAYS:
                continue
            print(f"play: {name}: {step.get('uses') or step['run']}", file=sys.stderr)
            step = {**step, **resolved({key: step.get(key, {}) for key in ("with", "env")}, context)}
            if "uses" in step:
                worked, outputs = self.action(step["uses"].split("@")[0], step["with"], folder), {}
            else:
                script, notes = resolved(step["run"], context), f"{folder}.{number}"
                worked, outputs = self.run(script, step["env"], notes, folder)
            context["steps"][step.get("id", number)] = {"outputs": outputs}
            result = result if worked else "failure"
        outputs = resolved(job.get("outputs", {}), context) if result == "success" else {}
        return {"result": result, "outputs": outputs}

    def run(self, script, variables, notes, folder):
        files = {"GITHUB_OUTPUT": f"{notes}.output", "GITHUB_STEP_SUMMARY": f"{notes}.summary.md"}
        for path in files.values():
            open(path, "w").close()
        variables = {name: str(value) for name, value in variables.items()}
        ran = subprocess.run([*SHELL, script], cwd=folder, env={**os.environ, **files, **variables})
        with open(files["GITHUB_OUTPUT"], encoding="utf-8") as file:
            outputs = dict(line.rstrip("\n").split("=", 1) for line in file)
        return ran.returncode == 0, outputs

    def action(self, name, given, folder):
        if name == "actions/checkout":
            assert not given
            copy(self.checkout, folder)
        elif name == "actions/upload-artifact":
            return self.upload(given.pop("name"), given.pop("path").split(), folder) and not given
        elif name == "actions/download-artifact":
            self.download(given, folder)
        else:
            raise AssertionError(f"{name} is not played here")
        return True

    def upload(self, name, paths, folder):
        target = os.path.join(self.artifacts, name)
        assert not os.path.exists(target), f"there is an artifact {name} already"
        for path in paths:
            source = os.path.join(folder, path)
            if not os.path.exists(source):
                return False
            # A folder that is uploaded alone is the artifact; several things lie in it by their names.
            alone = len(paths) == 1 and os.path.isdir(source)
            copy(source, target if alone else os.path.join(target, path))
        return True

    def download(self, given, folder):
        folder = os.path.join(folder, given.pop("path", ""))
        if "name" in given:
            copy(os.path.join(self.artifacts, given.pop("name")), folder)
        else:
            for name in fnmatch.filter(sorted(os.listdir(self.artifacts)), given.pop("pattern")):
                copy(os.path.join(self.artifacts, name), os.path.join(folder, name))
        assert not given, f"{given} is not played here"


def copy(source, target):
    """Hidden files stay behind, as upload-artifact leaves them."""
    if os.path.isdir(source):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)


def main():
    workflow, checkout, work, *variables = sys.argv[1:]
    played = Play(workflow, checkout, work, dict(each.split("=", 1) for each in variables))
    sys.exit(0 if played.play() else 1)


if __name__ == "__main__":
    main()
