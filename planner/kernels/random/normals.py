"""Words to normals by Box and Muller (1958), and the functions that this takes.

Only + - * / sqrt, explicit fused multiply-add and bit operations are used: libm's logarithm and cosine differ
in the last bit between processors, so they may not decide a simulated value.
"""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.jit import bits, fma, from_bits, lanes
from planner.kernels.tables import W

# Chebyshev fits in 40-digit arithmetic, lowest order first; largest error in brackets.
# 2 atanh(s) / s in s^2 for 1/sqrt(2) <= m < sqrt(2), s = (m - 1) / (m + 1)  [9e-12]
_L0, _L1, _L2 = 2.0000000000083595, 0.6666666524748752, 0.4000038467237519
_L3, _L4 = 0.2853505103781631, 0.23616359099145984
# the same for normals, with a minus sign; one order less is enough where a word has 32 bits  [1.4e-9]
_N0, _N1 = -1.9999999986313182, -0.6666681533815119
_N2, _N3 = -0.3997485051751905, -0.29924390479144986
# sin(x pi/2) / x in x^2 for |x| <= 1/2  [7e-12]
_S0, _S1, _S2 = 1.5707963267881, -0.6459640961467954, 0.07969258272563062
_S3, _S4 = -0.004681266256726245, 0.00015820630355647733
# cos(x pi/2) in x^2 for |x| <= 1/2  [5e-11]
_C0, _C1, _C2 = 0.9999999999524894, -1.2337005406331623, 0.2536692036551135
_C3, _C4 = -0.02086006950026408, 0.0009036280663802505

_LN2 = 0.6931471805599453
_LN2_32 = 22.18070977791825  # 32 log 2
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
_MANTISSA = np.int64((1 << 52) - 1)
_ONE = np.int64(0x3FF0000000000000)  # the bits of 1
_SIGN = np.int64(-(1 << 63))
_I22, _I32, _I33, _I52 = np.int64(22), np.int64(32), np.int64(33), np.int64(52)
_ANGLE = np.int64(0x3FFFFFFF)
_MIDDLE = 2.0**-31 - 1.5
_TO_UNIT = 2.0**-32


@lanes
def minus_log(y):
    """-log(y) for a normal y > 0, relative error 1e-11."""
    b = bits(y)
    e = (b - _ROOT_HALF) >> _I52
    m = from_bits(b - (e << _I52))
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    return -fma(np.float64(e), _LN2, s * fma(fma(fma(fma(_L4, z, _L3), z, _L2), z, _L1), z, _L0))


@lanes
def unit(word):
    """The middle of one of 2^32 equal cells of (0, 1)."""
    return (np.float64(np.int64(word)) + 0.5) * _TO_UNIT


@lanes
def normal_pair(a, b):
    """Two independent standard normals of two words: the first gives the radius, the second the angle.

    With u the middle of one of 2^32 cells of (0, 1), r^2 = -2 log u. 30 bits of the angle word place x in the
    middle of a cell of (-1/2, 1/2), a point of the quarter turn around 45 degrees, whose cosine and sine are
    (cos - sin) / sqrt(2) and (cos + sin) / sqrt(2) of x pi/2; the other two bits give the signs. The root of
    2 is left out of both, which halves r^2. Errors: 5e-9 in the radius, 1e-10 in the angle.
    """
    w = np.float64(np.int64(a)) + 0.5
    d = bits(w) - _ROOT_HALF
    m = from_bits((d & _MANTISSA) + _ROOT_HALF)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    log = fma(s, fma(fma(fma(_N3, z, _N2), z, _N1), z, _N0), _LN2_32)
    r = bits(math.sqrt(fma(np.float64(d >> _I52), -_LN2, log)))
    j = np.int64(b)
    x = from_bits(((j & _ANGLE) << _I22) | _ONE) + _MIDDLE
    z = x * x
    sine = x * fma(fma(fma(fma(_S4, z, _S3), z, _S2), z, _S1), z, _S0)
    cosine = fma(fma(fma(fma(_C4, z, _C3), z, _C2), z, _C1), z, _C0)
    first = from_bits(r ^ ((j << _I32) & _SIGN))
    second = from_bits(r ^ ((j << _I33) & _SIGN))
    return first * (cosine - sine), second * (cosine + sine)


# The normal quantile over s = 1 - 2q as a ratio of polynomials in w = -log(1 - s^2), |z| <= 7.1  [3e-10]
_P0, _P1, _P2 = 1.253314137518798, 0.3838642788797911, 0.07142619253879025
_P3, _P4, _P5 = 0.009115948586599237, 0.000761732522346763, 3.745862261978214e-05
_P6, _P7, _P8 = 1.3052146198605493e-06, 1.555590043490421e-07, 4.643502434939156e-10
_Q1, _Q2, _Q3 = 0.044480001958137054, 0.03231293604728711, 0.0008692714678584126
_Q4, _Q5, _Q6 = 0.00022070572568567705, -2.3448541642665386e-07, 5.826714919626414e-07
_Q7 = 9.621604928340673e-09


@lanes
def normal_above(q):
    """The z that a standard normal exceeds with probability q; relative error 3e-10 for |z| <= 7.1."""
    s = 1.0 - 2.0 * q
    a = 1.0 - abs(s)
    w = minus_log(a * (2.0 - a))
    p = fma(fma(fma(fma(_P8, w, _P7), w, _P6), w, _P5), w, _P4)
    p = fma(fma(fma(fma(p, w, _P3), w, _P2), w, _P1), w, _P0)
    d = fma(fma(fma(fma(_Q7, w, _Q6), w, _Q5), w, _Q4), w, _Q3)
    return s * p / fma(fma(fma(d, w, _Q2), w, _Q1), w, 1.0)


# 2^x for |x| <= 1/2  [2e-14]
_E0, _E1, _E2, _E3 = 1.0000000000000135, 0.6931471805599462, 0.2402265069564034, 0.05550410866465167
_E4, _E5, _E6 = 0.009618129193934313, 0.0013333558200794592, 0.0001540343375125101
_E7, _E8, _E9 = 1.5252672924850737e-05, 1.325964524488711e-06, 1.0205905413765595e-07
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the low bits
_ROUND_BITS = np.int64(0x4338000000000000)


@lanes
def power_of_two(x):
    """2^x, relative error 3e-14; x beyond +-1000 is taken as +-1000."""
    x = min(max(x, -1000.0), 1000.0)
    t = x + _ROUND
    f = x - (t - _ROUND)
    p = fma(fma(fma(fma(fma(_E9, f, _E8), f, _E7), f, _E6), f, _E5), f, _E4)
    p = fma(fma(fma(fma(p, f, _E3), f, _E2), f, _E1), f, _E0)
    return from_bits(bits(p) + ((bits(t) - _ROUND_BITS) << _I52))


@lanes
def normals(w0, w1, z0, z1):
    """z0, z1 f64[W]: normals of the word rows w0, w1."""
    for i in range(W):
        z0[i], z1[i] = normal_pair(w0[i], w1[i])


@lanes
def first_normals(w0, w1, z):
    """z f64[W]: the first normal of each pair, where nobody needs the second."""
    for i in range(W):
        z[i], _ = normal_pair(w0[i], w1[i])
