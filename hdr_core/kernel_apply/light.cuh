// The network's light part in one kernel, from code values to radiance: what the backbone says interpolated to each pixel, the soft
// mask, two 3 x 3 convolutions, the kernel heads with their softmax, the preliminary decode, the channel gains and kernel apply. Its
// meaning is that of `Network.restore` in plain torch. Nothing between goes to memory: it reads 12 bytes a pixel and writes 12.
//
// A block restores TILE x TILE pixels. Both convolutions are matrix products on the tensor cores, 16 pixels by 8 features at a time,
// halves with float sums; their third dimension runs over the taps and, within a tap, over FEATURES channels. What the second one
// leaves in registers is at once the left side of the heads' product, and its result is spread over four lanes a pixel, which
// share out the taps of its spatial kernel among them.

#pragma once

#include "matrix.cuh"

namespace {

constexpr int TILE = 16, THREADS = 256;
constexpr int FEATURES = 24;                      // of each layer, the first padded with zeros
constexpr int SIDE0 = TILE + 4, SIDE1 = TILE + 2; // of the tile before the convolutions, and between them
constexpr int TAPS = 25, LOW = 20;                // of the spatial kernel; floats of a cell of `low`
constexpr int UNITS = 9 * FEATURES / 8;           // a unit: 8 channels of a tap
constexpr int CENTRE = 2 * SIDE0 + 2;             // of the taps of a pixel, from its first
constexpr float LARGEST_LOG_GAIN = 12.5f, OWN_LOG_GAIN = 4.0f, LEAST_SURPLUS = 1e-12f;  // as in kernel_heads.py
constexpr float LUMA_R = 0.2126f, LUMA_G = 0.7152f, LUMA_B = 0.0722f;  // Rec.709

struct LightShape {
    int64_t height, width;            // of the tile of the photo
    int64_t tiles_across;
    int64_t first_row, first_column;  // of its code values with their halo, in the photo
    float row_scale, column_scale;    // cells of `low` a pixel
    int low_height, low_width, margin;
};

struct Cell {  // between which four cells of `low` a pixel lies
    int at[4];
    float down, across;
};

__device__ __forceinline__ Cell cell(const LightShape& s, int64_t row, int64_t column) {
    const float y = fminf(fmaxf((float(s.first_row + row) + 0.5f) * s.row_scale - 0.5f + s.margin, 0.0f), float(s.low_height - 1));
    const float x = fminf(fmaxf((float(s.first_column + column) + 0.5f) * s.column_scale - 0.5f + s.margin, 0.0f), float(s.low_width - 1));
    const int top = min(int(y), s.low_height - 2), left = min(int(x), s.low_width - 2), at = top * s.low_width + left;
    return {{at, at + 1, at + s.low_width, at + s.low_width + 1}, y - top, x - left};
}

__device__ __forceinline__ float blend(float a, float b, float c, float d, const Cell& p) {
    const float left = a + (c - a) * p.down, right = b + (d - b) * p.down;
    return left + (right - left) * p.across;
}

__device__ __forceinline__ float over_exposed(float code) {
    const float ramp = fminf(fmaxf((code - 235.0f / 255.0f) / (1.0f - 235.0f / 255.0f), 0.0f), 1.0f);
    return ramp * ramp * (3.0f - 2.0f * ramp);
}

__device__ __forceinline__ float under_exposed(float code) {
    const float ramp = fminf(fmaxf(1.0f - code / (20.0f / 255.0f), 0.0f), 1.0f);
    return ramp * ramp * (3.0f - 2.0f * ramp);
}

__device__ __forceinline__ float srgb_decode(float code) {
    return code <= 0.04045f ? code / 12.92f : exp2f(2.4f * log2f((code + 0.055f) / 1.055f));
}

// Radiance under the curve: `offset` holds the log of the radiance at KNOTS + 1 knots over that under sRGB.
__device__ __forceinline__ float preliminary(float code, const float* offset) {
    constexpr int KNOTS = 20;
    const float position = sqrtf(fminf(fmaxf(code, 0.0f), 1.0f)) * KNOTS;
    const int below = min(int(position), KNOTS - 1);
    const float first = __ldg(offset + below), second = __ldg(offset + below + 1);
    return srgb_decode(code) * expf(first + (second - first) * (position - below));
}

__device__ __forceinline__ float silu(float x) { return x / (1.0f + __expf(-x)); }

// The place of unit `u` of a tile with rows of `side` pixels, relative to its first tap, in bytes.
__host__ __device__ constexpr int place_of(int u, int side) { return ((u / 9) * side + u / 3 % 3) * FEATURES * 2 + u % 3 * 16; }

// One 3 x 3 convolution of 16 pixels. `pixels`: where the pixel of this lane's row of the left side begins, its first tap; its
// upper 16 lanes read the second unit of a step.
template <int SIDE>
__device__ __forceinline__ void convolve(const char* pixels, const uint2* weights, const float* bias, float (&sum)[3][4]) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int t = 0; t < 3; ++t) {
        const float2 both = __ldg(reinterpret_cast<const float2*>(bias + 8 * t + lane % 4 * 2));
        sum[t][0] = sum[t][2] = both.x, sum[t][1] = sum[t][3] = both.y;
    }
#pragma unroll
    for (int step = 0; step < UNITS / 2; ++step) {
        uint32_t left[4];
        load_matrices<4>(left, pixels + (lane < 16 ? place_of(2 * step, SIDE) : place_of(2 * step + 1, SIDE)));
#pragma unroll
        for (int t = 0; t < 3; ++t) {
            const uint2 right = __ldg(weights + (step * 3 + t) * 32 + lane);
            multiply16(sum[t], left, right.x, right.y);
        }
    }
    uint32_t left[2];
    load_matrices<2>(left, pixels + place_of(UNITS - 1, SIDE));
#pragma unroll
    for (int t = 0; t < 3; ++t) multiply8(sum[t], left, __ldg(weights + (UNITS / 2 * 3 + t) * 32 + lane).x);
}

struct Gain {
    float seen, added;  // of what the photo shows, positive and exactly 1 where it is well exposed; and the surplus
};

// What the heads and the backbone say of one channel of a pixel.
__device__ __forceinline__ Gain gain_of(float logit, float code, const float* low, const Cell& p, int c, float keep) {
    const float over = over_exposed(code);
    if (over == 0.0f) return {1.0f, 0.0f};
    float said[2];  // log gain, surplus
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const float* from = low + 4 * i + c;
        said[i] = blend(__ldg(from + int64_t(p.at[0]) * LOW), __ldg(from + int64_t(p.at[1]) * LOW), __ldg(from + int64_t(p.at[2]) * LOW),
                        __ldg(from + int64_t(p.at[3]) * LOW), p);
    }
    const float own = OWN_LOG_GAIN * (1.0f - over) * tanhf(logit);
    return {1.0f + keep * expm1f(over * fminf(own + said[0], LARGEST_LOG_GAIN)), over * said[1]};
}

}  // namespace

// code (3, H + 4, W + 4); low (cells, LOW): log gain, surplus, features, each padded to a multiple of 4; offset (21); keep (1);
// first, second, heads: weights as `fused.py` lays them out; biases (24 + 24 + 32); out (3, H, W).
extern "C" __global__ void __launch_bounds__(THREADS, 3)
    light(const float* code, const float* low, const float* offset, const float* keep, const uint2* first, const uint2* second,
          const uint4* heads, const float* biases, float* out, const LightShape s) {
    alignas(16) __shared__ char tile0[SIDE0 * SIDE0 * FEATURES * 2];
    alignas(16) __shared__ char tile1[SIDE1 * SIDE1 * FEATURES * 2];
    __shared__ float radiance[3][SIDE0 * SIDE0];
    const uint32_t across = uint32_t(s.tiles_across);
    const int64_t top = int64_t(blockIdx.x / across) * TILE, left = int64_t(blockIdx.x % across) * TILE;
    const int64_t height = s.height + 4, width = s.width + 4, plane = height * width;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, member = lane % 4;

    for (int i = threadIdx.x; i < SIDE0 * SIDE0; i += THREADS) {
        const int64_t row = min(top + i / SIDE0, height - 1), column = min(left + i % SIDE0, width - 1);
        const Cell p = cell(s, row, column);
        float said[LOW], value[3], x[FEATURES] = {};
#pragma unroll
        for (int j = 0; j < LOW; j += 4) {
            float4 corner[4];
#pragma unroll
            for (int k = 0; k < 4; ++k) corner[k] = __ldg(reinterpret_cast<const float4*>(low + int64_t(p.at[k]) * LOW + j));
            said[j] = blend(corner[0].x, corner[1].x, corner[2].x, corner[3].x, p);
            said[j + 1] = blend(corner[0].y, corner[1].y, corner[2].y, corner[3].y, p);
            said[j + 2] = blend(corner[0].z, corner[1].z, corner[2].z, corner[3].z, p);
            said[j + 3] = blend(corner[0].w, corner[1].w, corner[2].w, corner[3].w, p);
        }
#pragma unroll
        for (int c = 0; c < 3; ++c) {
            value[c] = __ldg(code + c * plane + row * width + column);
            radiance[c][i] = preliminary(value[c], offset);
            x[c] = value[c] - 0.5f;
            x[3 + c] = over_exposed(value[c]);
            x[19 + c] = 0.1f * said[c] + 0.1f * log1pf(said[4 + c]);
        }
        x[6] = under_exposed(fmaxf(value[0], fmaxf(value[1], value[2])));
#pragma unroll
        for (int j = 0; j < 12; ++j) x[7 + j] = said[8 + j];
#pragma unroll
        for (int j = 0; j < FEATURES; j += 8)
            *reinterpret_cast<uint4*>(tile0 + i * FEATURES * 2 + j * 2) =
                make_uint4(two_halves(x[j], x[j + 1]), two_halves(x[j + 2], x[j + 3]), two_halves(x[j + 4], x[j + 5]), two_halves(x[j + 6], x[j + 7]));
    }
    __syncthreads();

    const int of_matrix = lane % 16;  // which of the 16 pixels this lane's row of a matrix is
    for (int part = warp; part * 16 < SIDE1 * SIDE1; part += THREADS / 32) {
        const int mine = min(part * 16 + of_matrix, SIDE1 * SIDE1 - 1);
        float sum[3][4];
        convolve<SIDE0>(tile0 + (mine / SIDE1 * SIDE0 + mine % SIDE1) * FEATURES * 2, first, biases, sum);
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            const int pixel = part * 16 + group + 8 * h;
            if (pixel >= SIDE1 * SIDE1) continue;
#pragma unroll
            for (int t = 0; t < 3; ++t)
                *reinterpret_cast<uint32_t*>(tile1 + pixel * FEATURES * 2 + t * 16 + member * 4) =
                    two_halves(silu(sum[t][2 * h]), silu(sum[t][2 * h + 1]));
        }
    }
    __syncthreads();

    int tap[7];  // where the taps of this lane lie in `radiance`, relative to its pixel's first
#pragma unroll
    for (int i = 0; i < 7; ++i) {
        const int k = i < 6 ? i / 2 * 8 + member * 2 + i % 2 : TAPS - 1;
        tap[i] = k / 5 * SIDE0 + k % 5;
    }
    const float kept = __ldg(keep);
    for (int row = warp; row < TILE; row += THREADS / 32) {
        float sum[3][4], said[4][4];
        convolve<SIDE1>(tile1 + (row * SIDE1 + of_matrix) * FEATURES * 2, second, biases + 24, sum);
        uint32_t left_side[6];
#pragma unroll
        for (int t = 0; t < 3; ++t)
#pragma unroll
            for (int h = 0; h < 2; ++h) left_side[2 * t + h] = two_halves(silu(sum[t][2 * h]), silu(sum[t][2 * h + 1]));
#pragma unroll
        for (int t = 0; t < 4; ++t) {
            const float2 both = __ldg(reinterpret_cast<const float2*>(biases + 48 + 8 * t + member * 2));
            said[t][0] = said[t][2] = both.x, said[t][1] = said[t][3] = both.y;
            const uint4 right = __ldg(heads + t * 32 + lane);
            const uint32_t wide[4] = {left_side[0], left_side[1], left_side[2], left_side[3]}, narrow[2] = {left_side[4], left_side[5]};
            multiply16(said[t], wide, right.x, right.y);
            multiply8(said[t], narrow, right.z);
        }
#pragma unroll
        for (int h = 0; h < 2; ++h) {  // a pixel each; lane 0 of its four has the last tap, the others a channel's gain
            float logit[7], most = member == 0 ? said[3][2 * h] : -1e30f;
#pragma unroll
            for (int i = 0; i < 6; ++i) {
                logit[i] = said[i / 2][2 * h + i % 2];
                most = fmaxf(most, logit[i]);
            }
            logit[6] = said[3][2 * h];
            most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
            most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
            const int pixel = group + 8 * h, at = row * SIDE0 + pixel;
            float total[4] = {};  // of each channel, and of the weights
#pragma unroll
            for (int i = 0; i < 7; ++i) {
                const float weight = i < 6 || member == 0 ? __expf(logit[i] - most) : 0.0f;
                total[3] += weight;
#pragma unroll
                for (int c = 0; c < 3; ++c) total[c] += weight * radiance[c][at + tap[i]];
            }
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                total[j] += __shfl_xor_sync(~0u, total[j], 1);
                total[j] += __shfl_xor_sync(~0u, total[j], 2);
            }
            const int64_t y = top + row, x = left + pixel;
            const int c = member - 1;
            const bool restores = member > 0 && y < s.height && x < s.width;
            const float filtered = (c == 0 ? total[0] : c == 1 ? total[1] : total[2]) / total[3];
            Gain gain = {1.0f, 0.0f};
            if (restores)
                gain = gain_of(logit[6], __ldg(code + c * plane + (y + 2) * width + x + 2), low, cell(s, y + 2, x + 2), c, kept);
            // the surplus has the colour of what lies around, and its full luminance: see `given_back`
            const float weight = gain.added * (c == 0 ? LUMA_R : c == 1 ? LUMA_G : LUMA_B);
            float whole = restores ? weight * radiance[c][at + CENTRE] : 0.0f, left_over = restores ? weight * filtered : 0.0f;
#pragma unroll
            for (int step = 1; step <= 2; ++step) {
                whole += __shfl_xor_sync(~0u, whole, step);
                left_over += __shfl_xor_sync(~0u, left_over, step);
            }
            if (restores) out[(c * s.height + y) * s.width + x] = filtered * (gain.seen + gain.added * (whole / fmaxf(left_over, LEAST_SURPLUS)));
        }
    }
}
