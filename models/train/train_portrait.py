"""train_portrait.py - aligned 512 px faces and the corrected portrait paintings -> weights of the portrait network.

    python3 prepare_data.py portrait train
    python3 train_portrait.py --minutes 30 --from ../weights/portrait.safetensors

The plain loop is train_style.py's; this run differs in its data (faces whose target keeps the person's skin tone and
glasses, see correct_skin in prepare_data.py) and in the settings below. All options of train_style.py may follow.
"""
import sys

import train_style

# ---- settings -------------------------------------------------------------------------------------------------------
CROP_PX = 192                  # an eye and the mouth in one crop: where features lie is most of the task
LAMBDA = {"content": 1.0, "style": 0.5, "edge": 1.0, "line": 4.0, "ink": 0.1, "colour": 2.0, "adversarial": 0.005}
BATCH = {"cpu": 4, "cuda": 32}
# ---------------------------------------------------------------------------------------------------------------------

if __name__ == "__main__":
    train_style.LAMBDA, train_style.BATCH, train_style.CROP_PX = LAMBDA, BATCH, CROP_PX
    train_style.main(["portrait", *sys.argv[1:]])
