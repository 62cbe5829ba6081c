# SPDX-License-Identifier: Apache-2.0
"""check.py pages|links|names|help ROOT [PROGRAM...] - fails when a document says what is not so.

pages  every manual page has its sections, and groff understands all of it
links  every link between documents leads to a file, and to a heading in it
names  every path of the tree that a document names in `code` is there
help   the options that the help of `berth run`, `import`, `mount`, `exec` and the verbs about containers
       prints are in the pages, and but for run's the pages have no others; PROGRAM is berth, then berth-image
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
SECTIONS = {
    "1": ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT",
          "FILES", "DIAGNOSTICS", "SEE ALSO"],
    "5": ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "ENVIRONMENT", "FILES", "DIAGNOSTICS",
          "SEE ALSO"],
    "7": ["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO"],
    "8": ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS", "DIAGNOSTICS", "SEE ALSO"],
}


def documents(root):
    return sorted([root / "README.md", *(root / "docs").rglob("*.md")])


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors_of(path):
    """The names that a heading can be linked by: lower case, words joined by '-'."""
    headings = re.findall(r"^#+ +(.*)$", without_code(path.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def check_pages(root):
    groff = shutil.which("groff")
    if groff is None:
        print("skipped: no groff to read the manual pages with (package groff)")
        sys.exit(1 if os.environ.get("BERTH_MUST_WORK") == "1" else SKIP)
    for page in sorted((root / "docs/man").glob("*.[1-8]")):
        done = subprocess.run([groff, "-man", "-ww", "-z", "-Tutf8", page], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0 or done.stderr:
            yield f"{page.name}: {done.stderr.strip() or 'groff fails'}"
        there = re.findall(r'^\.SH "?([A-Z ]+?)"?$', page.read_text(), re.M)
        for section in SECTIONS[page.suffix[1:]]:
            if section not in there:
                yield f"{page.name}: it has no section {section}"


def check_links(root):
    for document in documents(root):
        text = without_code(document.read_text())
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = document.parent / path if path else document
            name = document.relative_to(root)
            if not there.exists():
                yield f"{name}: '{target}' leads to no file"
            elif anchor and anchor not in anchors_of(there):
                yield f"{name}: '{target}' leads to no heading"


def check_names(root):
    top = "base|cmake|docs|examples|image|launcher|slurm-plugin|tests"
    for document in documents(root):
        for name in re.findall(rf"`((?:{top})/[\w./*-]*)`", without_code(document.read_text())):
            if not any(root.glob(name.rstrip("/"))):
                yield f"{document.relative_to(root)}: there is no '{name}'"


def options_in_help(*command):
    text = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=True).stdout
    # An option stands at the beginning of its line; later ones belong to examples and sentences.
    found = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text, re.M))
    if not found:
        raise SystemExit(f"{command}: its help lists no option")
    return found


def options_in_page(page):
    section = re.search(r"^\.SH OPTIONS$(.*?)^\.SH ", page.read_text(), re.M | re.S).group(1)
    tags = re.findall(r"^\.TP\n(.*)$", section, re.M)
    found = {option for tag in tags for option in re.findall(r"--[a-z-]+", tag.replace("\\-", "-"))}
    return found


def check_help(root, berth, berth_image):
    run = options_in_page(root / "docs/man/berth-run.1")
    importing = options_in_page(root / "docs/man/berth-import.1")
    for option in sorted(options_in_help(berth, "run", "--help") - run):
        yield f"berth-run.1: {option} is missing"
    in_help = options_in_help(berth_image, "import", "--help")
    for option in sorted(in_help - importing):
        yield f"berth-import.1: {option} is missing"
    mounting = options_in_page(root / "docs/man/berth-mount.1")
    for option in sorted(options_in_help(berth, "mount", "--help") ^ mounting):
        yield f"berth-mount.1: {option} is in the page or in the help, not in both"
    joining = options_in_page(root / "docs/man/berth-exec.1")
    for option in sorted(options_in_help(berth, "exec", "--help") ^ joining):
        yield f"berth-exec.1: {option} is in the page or in the help, not in both"
    verbs = ["ps", "inspect", "logs", "top", "stats", "pause", "resume", "kill", "stop", "wait", "rm"]
    of_verbs = set().union(*(options_in_help(berth, verb, "--help") for verb in verbs))
    for option in sorted(of_verbs ^ options_in_page(root / "docs/man/berth-containers.1")):
        yield f"berth-containers.1: {option} is in the page or in the help, not in both"
    for option in sorted(importing - in_help):
        yield f"berth-import.1: berth import has no {option}"


def main():
    checks = {"pages": check_pages, "links": check_links, "names": check_names, "help": check_help}
    if len(sys.argv) < 3 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    wrong = list(checks[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:]))
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


main()
