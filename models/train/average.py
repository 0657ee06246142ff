"""average.py - several runs of one style -> the mean of their weights ("model soup", Wortsman et al., ICML 2022).

    python3 average.py miyazaki_avg miyazaki_a miyazaki_b [--share 2,1]

RUNS/miyazaki_avg/ema.safetensors and run.json (which runs, their shares and commands). Runs that were fine-tuned from each other
lie in one valley: their mean makes fewer mistakes than any of them on pictures that none has seen.
"""
import argparse
import json
import os

from safetensors.torch import load_file, save_file

RUNS = os.path.join(os.environ.get("P2A_TRAIN_CACHE", "/work/train-cache"), "runs")


def average(runs, shares):
    """State dicts of one network -> their weighted mean."""
    total = sum(shares)
    return {key: sum(s / total * run[key].float() for s, run in zip(shares, runs)).contiguous() for key in runs[0]}


def main(arguments=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", help="folder of the mean")
    p.add_argument("runs", nargs="+", help="folders of the runs")
    p.add_argument("--share", help="one number a run; equal shares by default")
    a = p.parse_args(arguments)
    shares = [float(s) for s in a.share.split(",")] if a.share else [1.0] * len(a.runs)
    if len(shares) != len(a.runs) or sum(shares) <= 0:
        raise SystemExit(f"expected a share for each of {len(a.runs)} runs and a sum above 0, got {a.share}")
    mean = average([load_file(f"{RUNS}/{run}/ema.safetensors") for run in a.runs], shares)
    os.makedirs(f"{RUNS}/{a.name}", exist_ok=True)
    save_file(mean, f"{RUNS}/{a.name}/ema.safetensors")
    records = {}
    for run in a.runs:
        with open(f"{RUNS}/{run}/run.json") as file:
            records[run] = {k: v for k, v in json.load(file).items() if k != "history"}
    with open(f"{RUNS}/{a.name}/run.json", "w") as file:
        json.dump({"averaged": dict(zip(a.runs, shares)), "runs": records}, file, indent=1)


if __name__ == "__main__":
    main()
