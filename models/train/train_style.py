"""train_style.py - cached pairs of one style -> weights of a generator.

    python3 train_style.py anime    --minutes 30
    python3 train_style.py miyazaki --minutes 30 --from RUNS/anime/ema.safetensors
    python3 train_style.py anime    --minutes 30 --device cuda --data anime.npz

RUNS/NAME holds checkpoint.pt (to go on with the same command), ema.safetensors (the averaged weights, what is exported)
and run.json (settings, seed, versions, commit, losses). On a CPU the minutes are the process's own, so that the schedule means the same
on a shared machine; the same command with fewer minutes moves on to the end of the schedule.
"""
import argparse
import json
import os
import platform
import subprocess
import time

import torch
from safetensors.torch import save_file

import generator
import losses
from crops import Crops
from discriminator import PatchGan
from muon import Muon, groups_of

# ---- settings -------------------------------------------------------------------------------------------------------
CACHE = os.environ.get("P2A_TRAIN_CACHE", "/work/train-cache")
SEED = 3
LAMBDA = {"content": 1.0, "style": 0.5, "edge": 2.0, "line": 4.0, "ink": 0.6, "colour": 1.0, "adversarial": 0.01}
ADVERSARIAL_FROM = 0.6             # share of the run after which the discriminator takes part
ADVERSARIAL_EVERY = 2              # ... in every second step
CROP_PX = 128
BATCH = {"cpu": 8, "cuda": 64}
MATRIX_LR, OTHER_LR = 0.004, 1e-3  # Muon's step size for convolutions, Adam's for the rest
DISCRIMINATOR_LR = 4e-4
FINE_TUNE = 0.75                   # both rates times this when a run starts from trained weights
WARM_UP = 0.02
EMA = 0.998
CLIP = 1.0
SAVE_MINUTES, LOG_STEPS, RELOAD_MINUTES = 3, 50, 1.5
# ---------------------------------------------------------------------------------------------------------------------


def commit():
    try:
        return subprocess.run(["git", "rev-parse", "HEAD"], cwd=os.path.dirname(os.path.abspath(__file__)),
                              capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def rate(progress):
    """Linear warm-up, level, then down to zero over the second half."""
    return min(1.0, progress / WARM_UP + 0.05, max(0.0, 1 - progress) / 0.5)


def save(folder, state, ema, record):
    os.makedirs(folder, exist_ok=True)
    torch.save(state, folder + "/checkpoint.part")
    os.replace(folder + "/checkpoint.part", folder + "/checkpoint.pt")
    save_file({k: v.contiguous() for k, v in ema.items()}, folder + "/ema.part")
    os.replace(folder + "/ema.part", folder + "/ema.safetensors")
    with open(folder + "/run.part", "w") as file:
        json.dump(record, file, indent=1)
    os.replace(folder + "/run.part", folder + "/run.json")


def main(arguments=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("style")
    p.add_argument("--name", help="folder of the run; the style's name by default")
    p.add_argument("--minutes", type=float, required=True)
    p.add_argument("--tier", default="full", choices=generator.TIERS)
    p.add_argument("--from", dest="start", help="weights to fine-tune: a run's ema.safetensors or a model file")
    p.add_argument("--data", help="folder or .npz of pairs; the style's cache by default")
    p.add_argument("--device", default="cpu")
    p.add_argument("--seed", type=int, default=SEED, help="runs whose weights average.py takes the mean of differ in it")
    p.add_argument("--batch", type=int)
    p.add_argument("--crop", type=int, default=CROP_PX)
    p.add_argument("--lambda", dest="weights", action="append", default=[], metavar="PART=VALUE")
    p.add_argument("--matrix-lr", type=float, default=MATRIX_LR)
    p.add_argument("--other-lr", type=float, default=OTHER_LR)
    a = p.parse_args(arguments)
    lambdas = dict(LAMBDA)
    for text in a.weights:
        part, _, value = text.partition("=")
        if part not in lambdas:
            p.error(f"expected one of {', '.join(lambdas)} for --lambda, got {part!r}")
        lambdas[part] = float(value)
    device = a.device.split(":")[0]
    batch = a.batch or BATCH[device]
    folder = os.path.join(CACHE, "runs", a.name or a.style)
    if device == "cpu":
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(a.seed)

    network = generator.make(a.tier)
    scale = 1.0
    if a.start:
        network = generator.load(a.start)
        scale = FINE_TUNE
    network = network.to(a.device, memory_format=torch.channels_last)
    ema = {k: v.detach().clone() for k, v in network.state_dict().items()}
    judge = PatchGan().to(a.device, memory_format=torch.channels_last)
    optimiser = Muon(groups_of(network, a.matrix_lr * scale, a.other_lr * scale))
    judge_optimiser = torch.optim.Adam(judge.parameters(), DISCRIMINATOR_LR, betas=(0.5, 0.99))
    crops = Crops(a.data or os.path.join(CACHE, a.style, "train"), a.crop, a.seed)

    record = {"style": a.style, "tier": a.tier, "k": network.k, "n": network.n, "from": a.start, "seed": a.seed,
              "lambda": lambdas, "batch": batch, "crop_px": a.crop, "matrix_lr": a.matrix_lr * scale,
              "other_lr": a.other_lr * scale, "ema": EMA, "minutes": a.minutes, "commit": commit(),
              "torch": torch.__version__, "python": platform.python_version(), "history": []}
    step, spent = 0, 0.0
    if os.path.exists(folder + "/checkpoint.pt"):
        old = torch.load(folder + "/checkpoint.pt", map_location=a.device, weights_only=True)
        network.load_state_dict(old["network"])
        optimiser.load_state_dict(old["optimiser"])
        judge.load_state_dict(old["judge"])
        judge_optimiser.load_state_dict(old["judge_optimiser"])
        ema, step, spent = old["ema"], old["step"], old["seconds"]
        with open(folder + "/run.json") as file:
            record["history"] = json.load(file)["history"]
        crops = Crops(crops.source, a.crop, a.seed + step)

    clock = time.time if device != "cpu" else lambda: time.process_time() / torch.get_num_threads()
    limit, last, sums = a.minutes * 60, clock(), {}
    saved = reloaded = time.time()
    while spent < limit:
        progress = spent / limit
        factor = rate(progress)
        for group in optimiser.param_groups:
            group["lr"] = group["top_lr"] * factor
        photo, target = (v.to(a.device) for v in crops.batch(batch))
        with torch.autocast(device, dtype=torch.bfloat16):
            painting = network(photo)
        values = losses.parts(painting, target)
        if lambdas["adversarial"] and progress > ADVERSARIAL_FROM and step % ADVERSARIAL_EVERY == 0:
            with torch.autocast(device, dtype=torch.bfloat16):
                real, fake = judge(target), judge(painting.detach().clamp(-1, 1))
            judge_loss = losses.realness(real, True) + losses.realness(fake, False)
            judge_optimiser.zero_grad(set_to_none=True)
            judge_loss.backward()
            judge_optimiser.step()
            judge.requires_grad_(False)
            with torch.autocast(device, dtype=torch.bfloat16):
                values["adversarial"] = losses.realness(judge(painting), True)
            judge.requires_grad_(True)
        total = sum(lambdas[name] * value for name, value in values.items())
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        step += 1
        keep = min(EMA, step / (step + 10))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                ema[name].lerp_(value, 1 - keep)
            for name, value in values.items():
                sums.setdefault(name, []).append(float(value))
            sums.setdefault("mse", []).append(float((painting.clamp(-1, 1) - target).square().mean()))
        now = clock()
        spent, last = spent + now - last, now
        if step % LOG_STEPS == 0:
            means = {name: sum(v) / len(v) for name, v in sums.items()}
            psnr = -10 * torch.tensor(means.pop("mse") / 4).log10().item()
            line = {"step": step, "minutes": round(spent / 60, 2), "psnr": round(psnr, 2),
                    **{name: round(v, 5) for name, v in means.items()}}
            record["history"].append(line)
            print(json.dumps(line), flush=True)
            sums = {}
        if time.time() - reloaded > RELOAD_MINUTES * 60:
            crops.reload()
            reloaded = time.time()
        if time.time() - saved > SAVE_MINUTES * 60 or spent >= limit:
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "judge": judge.state_dict(),
                     "judge_optimiser": judge_optimiser.state_dict(), "ema": ema, "step": step, "seconds": spent}
            save(folder, state, {k: v.cpu() for k, v in ema.items()}, record)
            saved = time.time()
            last = clock()


if __name__ == "__main__":
    main()
