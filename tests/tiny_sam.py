"""Networks of the Segment Anything family with random weights, small enough for tests."""

import json
from pathlib import Path

import torch

SIDE = 64


def save_sam(folder: Path) -> Path:
    """Save a SAM with a square of `SIDE` pixels; return its folder."""
    from transformers import SamConfig, SamModel

    torch.manual_seed(0)
    vision = {"hidden_size": 8, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {
        "image_size": SIDE,
        "patch_size": 8,
        "window_size": 4,
        "global_attn_indexes": [1],
        "num_pos_feats": 8,
    }
    vision |= {"initializer_range": 0.02}
    prompt = {"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 8}
    network = SamModel(SamConfig(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder))
    network.save_pretrained(folder)
    return folder


def save_sam2(folder: Path, model_type: str = "sam2") -> Path:
    """Save a SAM 2 with a square of `SIDE` pixels; return its folder."""
    from transformers import Sam2Config, Sam2Model

    torch.manual_seed(0)
    backbone = {"model_type": "sam2_hiera_det_model", "hidden_size": 4, "image_size": [SIDE, SIDE]}
    backbone |= {"blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": [4, 8, 16, 32]}
    backbone |= {"num_attention_heads_per_stage": [1, 1, 1, 1], "window_size_per_stage": [4, 4, 2, 2]}
    backbone |= {"global_attention_blocks": [3], "window_positional_embedding_background_size": [2, 2]}
    vision = {"model_type": "sam2_vision_model", "backbone_config": backbone, "fpn_hidden_size": 16}
    vision |= {"backbone_channel_list": [32, 16, 8, 4], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]}
    prompt = {"hidden_size": 16, "image_size": SIDE, "patch_size": 16, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 8}
    network = Sam2Model(
        Sam2Config(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    )
    network.save_pretrained(folder)
    stated = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**stated, "model_type": model_type}))
    return folder
