"""Philox4x32-10 (Salmon et al. 2011): four 32-bit words of a counter and a key."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import lanes

U = np.uint64
LOW = U(0xFFFFFFFF)
SHIFT = U(32)
STREAM = U(16)
_M0, _M1 = U(0xD2511F53), U(0xCD9E8D57)
_K0, _K1 = U(0x9E3779B9), U(0xBB67AE85)


@lanes
def _round(c0, c1, c2, c3, k0, k1):
    p = _M0 * c0
    q = _M1 * c2
    return (q >> SHIFT) ^ c1 ^ k0, q & LOW, (p >> SHIFT) ^ c3 ^ k1, p & LOW


@lanes
def philox(c0, c1, c2, c3, k0, k1):
    """Four words; every argument and result is a 32-bit number held in a uint64, so no product overflows."""
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + _K0) & LOW, (k1 + _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(2) * _K0) & LOW, (k1 + U(2) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(3) * _K0) & LOW, (k1 + U(3) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(4) * _K0) & LOW, (k1 + U(4) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(5) * _K0) & LOW, (k1 + U(5) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(6) * _K0) & LOW, (k1 + U(6) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(7) * _K0) & LOW, (k1 + U(7) * _K1) & LOW)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + U(8) * _K0) & LOW, (k1 + U(8) * _K1) & LOW)
    return _round(c0, c1, c2, c3, (k0 + U(9) * _K0) & LOW, (k1 + U(9) * _K1) & LOW)


@lanes
def _four_rounds(a, b, c, d, k0, k1):
    """One round of four counters, product by product: each waits for its own, none for the others."""
    pa, qa = _M0 * (a[0] & LOW), _M1 * (a[2] & LOW)
    pb, qb = _M0 * (b[0] & LOW), _M1 * (b[2] & LOW)
    pc, qc = _M0 * (c[0] & LOW), _M1 * (c[2] & LOW)
    pd, qd = _M0 * (d[0] & LOW), _M1 * (d[2] & LOW)
    return (
        ((qa >> SHIFT) ^ a[1] ^ k0, qa, (pa >> SHIFT) ^ a[3] ^ k1, pa),
        ((qb >> SHIFT) ^ b[1] ^ k0, qb, (pb >> SHIFT) ^ b[3] ^ k1, pb),
        ((qc >> SHIFT) ^ c[1] ^ k0, qc, (pc >> SHIFT) ^ c[3] ^ k1, pc),
        ((qd >> SHIFT) ^ d[1] ^ k0, qd, (pd >> SHIFT) ^ d[3] ^ k1, pd),
    )


@lanes
def four(a, b, c, d, k0, k1):
    """`philox` of four counters (c0, c1, c2, c3) at once; only the low halves of its results are words.

    A round is a chain of a product, a shift and a sum that takes five or six cycles, and the processor has
    room for more than one chain: the four go side by side, which saves a fifth of the time.
    """
    a, b, c, d = _four_rounds(a, b, c, d, k0, k1)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + _K0) & LOW, (k1 + _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(2) * _K0) & LOW, (k1 + U(2) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(3) * _K0) & LOW, (k1 + U(3) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(4) * _K0) & LOW, (k1 + U(4) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(5) * _K0) & LOW, (k1 + U(5) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(6) * _K0) & LOW, (k1 + U(6) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(7) * _K0) & LOW, (k1 + U(7) * _K1) & LOW)
    a, b, c, d = _four_rounds(a, b, c, d, (k0 + U(8) * _K0) & LOW, (k1 + U(8) * _K1) & LOW)
    return _four_rounds(a, b, c, d, (k0 + U(9) * _K0) & LOW, (k1 + U(9) * _K1) & LOW)
