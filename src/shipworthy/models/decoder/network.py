"""A decoder-only transformer that is read in one sitting: Llama's (Touvron et al. 2023), to be trained from scratch.

Blocks of attention and feed-forward, each behind a norm (RMSNorm; Zhang and Sennrich 2019) and added to its input.
Queries and keys are turned by their positions (RoPE; Su et al. 2021), heads share keys and values in groups (Ainslie et
al. 2023), the feed-forward block is gated (SwiGLU; Shazeer 2020), no layer has a bias. Modules have the names of
transformers' Llama, so that weights go from one to the other as they are (layout.py).

Shapes: B rows, T tokens of a row, D width, H heads, G heads of keys and values, E width of a head, F width of the
feed-forward block, V vocabulary.
"""

import math

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention, silu

from shipworthy.models.decoder.schema import DecoderShape

ADDING = ("o_proj.weight", "down_proj.weight")
"""The weights whose products are added to a block's input."""


class Attention(nn.Module):
    """Causal attention, with rotary positions and grouped keys and values."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.head_size = shape.head_size
        self.q_proj = nn.Linear(shape.hidden_size, shape.heads * shape.head_size, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, shape.kv_heads * shape.head_size, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, shape.kv_heads * shape.head_size, bias=False)
        self.o_proj = nn.Linear(shape.heads * shape.head_size, shape.hidden_size, bias=False)

    def forward(self, x_BTD: torch.Tensor, cos_TE: torch.Tensor, sin_TE: torch.Tensor) -> torch.Tensor:
        """Shape (B, T, D)."""
        q_BHTE, k_BGTE, v_BGTE = (self._heads(project(x_BTD)) for project in (self.q_proj, self.k_proj, self.v_proj))
        q_BHTE, k_BGTE = rotate(q_BHTE, cos_TE, sin_TE), rotate(k_BGTE, cos_TE, sin_TE)
        y_BHTE = scaled_dot_product_attention(q_BHTE, k_BGTE, v_BGTE, is_causal=True, enable_gqa=True)
        added_BTD: torch.Tensor = self.o_proj(y_BHTE.transpose(1, 2).flatten(2))
        return added_BTD

    def _heads(self, x_BTD: torch.Tensor) -> torch.Tensor:
        """(B, T, H·E) → (B, H, T, E)."""
        return x_BTD.unflatten(-1, (-1, self.head_size)).transpose(1, 2)


class FeedForward(nn.Module):
    """Two layers, the inner one gated."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x_BTD: torch.Tensor) -> torch.Tensor:
        """Shape (B, T, D)."""
        inner_BTF = silu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)
        added_BTD: torch.Tensor = self.down_proj(inner_BTF)
        return added_BTD


class Block(nn.Module):
    """A layer: attention, then feed-forward, each behind a norm and added to its input."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.hidden_size, shape.norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden_size, shape.norm_eps)
        self.mlp = FeedForward(shape)

    def forward(self, x_BTD: torch.Tensor, cos_TE: torch.Tensor, sin_TE: torch.Tensor) -> torch.Tensor:
        """Shape (B, T, D)."""
        x_BTD = x_BTD + self.self_attn(self.input_layernorm(x_BTD), cos_TE, sin_TE)
        return x_BTD + self.mlp(self.post_attention_layernorm(x_BTD))


class Transformer(nn.Module):
    """The whole network, from token ids to logits.

    Args:
        shape: how large it is.
        vocabulary: tokens that there are.
    """

    def __init__(self, shape: DecoderShape, vocabulary: int) -> None:
        super().__init__()
        self.shape, self.vocabulary = shape, vocabulary
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(vocabulary, shape.hidden_size),
                "layers": nn.ModuleList(Block(shape) for _ in range(shape.layers)),
                "norm": nn.RMSNorm(shape.hidden_size, shape.norm_eps),
            }
        )
        self.lm_head = nn.Linear(shape.hidden_size, vocabulary, bias=False)
        self.tie()

    def tie(self) -> None:
        """Makes the vocabulary projection the embedding itself, where the shape says so."""
        if self.shape.tie:
            self.lm_head.weight = self.model["embed_tokens"].weight

    def hidden(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """What the vocabulary projection reads: x_BTD. A row may be padded at its end: no token sees a later one.

        Raises:
            ValueError: a row is longer than the network's context.
        """
        tokens = ids_BT.shape[1]
        if tokens > self.shape.context:
            raise ValueError(f"a row has {tokens} tokens, and the network's context is {self.shape.context}.")
        x_BTD: torch.Tensor = self.model["embed_tokens"](ids_BT)
        cos_TE, sin_TE = (
            turn.to(x_BTD.dtype)
            for turn in turns(torch.arange(tokens, device=x_BTD.device), self.shape.head_size, self.shape.rope_base)
        )
        for block in self.model["layers"].children():
            x_BTD = block(x_BTD, cos_TE, sin_TE)
        normed_BTD: torch.Tensor = self.model["norm"](x_BTD)
        return normed_BTD

    def forward(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """Logits of each token's next one: logits_BTV."""
        logits_BTV: torch.Tensor = self.lm_head(self.hidden(ids_BT))
        return logits_BTV


def turns(position_T: torch.Tensor, head_size: int, base: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine and sine of the angle by which each position turns each number of a head: cos_TE, sin_TE (float32).

    The angles' speeds fall geometrically, from 1 radian per token to nearly 1 / base; a head's first half and its
    second have the same.
    """
    share_e = torch.arange(0, head_size, 2, device=position_T.device, dtype=torch.float32) / head_size
    angle_Te = position_T[:, None].float() / base**share_e
    angle_TE = torch.cat([angle_Te, angle_Te], dim=-1)
    return angle_TE.cos(), angle_TE.sin()


def rotate(x_BHTE: torch.Tensor, cos_TE: torch.Tensor, sin_TE: torch.Tensor) -> torch.Tensor:
    """Turns each number of a head's first half with the one at its place in the second half."""
    first, second = x_BHTE.chunk(2, dim=-1)
    return x_BHTE * cos_TE + torch.cat([-second, first], dim=-1) * sin_TE


def draw(shape: DecoderShape, vocabulary: int) -> Transformer:
    """A network with new weights, on the CPU: norms at 1, the others normal, those in `ADDING` smaller.

    What a block adds begins smaller by the root of the number of additions, so that their sum stays as large as the
    embedding however many layers there are (Radford et al. 2019, "Language Models are Unsupervised Multitask
    Learners", section 2.3). The global generator is not touched.
    """
    with torch.device("meta"):  # nothing is drawn twice
        network = Transformer(shape, vocabulary)
    network.to_empty(device="cpu")
    network.tie()
    generator = torch.Generator().manual_seed(shape.seed)
    for name, weight in network.named_parameters():
        if weight.dim() == 1:
            nn.init.ones_(weight)
        else:
            smaller = math.sqrt(2 * shape.layers) if name.endswith(ADDING) else 1.0
            nn.init.normal_(weight, 0.0, shape.std / smaller, generator)
    return network
