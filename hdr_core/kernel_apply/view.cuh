// What the network looks at of a photo: area averages of code value, linear value and soft mask, and the largest over-exposure.
// Its meaning is that of `view.pool`. A warp averages one cell.

#pragma once

#include "light.cuh"

namespace {

struct ViewShape {
    int64_t height, width, channel_step, row_step, pixel_step;  // of the photo, steps in numbers
    int rows, columns;                                          // of the view
    float white;
};

constexpr int SUMS = 10;

template <typename T> __device__ __forceinline__ void view_pool(const T* photo, float* out, const ViewShape& s) {
    const int at = blockIdx.x * (THREADS / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (at >= s.rows * s.columns) return;
    const int64_t i = at / s.columns, j = at % s.columns;
    const int64_t top = i * s.height / s.rows, bottom = ((i + 1) * s.height + s.rows - 1) / s.rows;
    const int64_t left = j * s.width / s.columns, right = ((j + 1) * s.width + s.columns - 1) / s.columns;
    const int down = int(bottom - top), across = int(right - left);
    float sum[SUMS] = {}, largest = 0;
    for (int k = lane; k < down * across; k += 32) {
        const T* pixel = photo + (top + k / across) * s.row_step + (left + k % across) * s.pixel_step;
        float brightest = 0;
#pragma unroll
        for (int c = 0; c < 3; ++c) {
            const float code = float(__ldg(pixel + c * s.channel_step)) / s.white, over = over_exposed(code);
            sum[c] += code;
            sum[3 + c] += srgb_decode(code);
            sum[6 + c] += over;
            largest = fmaxf(largest, over);
            brightest = fmaxf(brightest, code);
        }
        sum[9] += under_exposed(brightest);
    }
#pragma unroll
    for (int step = 16; step; step /= 2) {
#pragma unroll
        for (int k = 0; k < SUMS; ++k) sum[k] += __shfl_xor_sync(~0u, sum[k], step);
        largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, step));
    }
    if (lane) return;
    const int64_t cells = int64_t(s.rows) * s.columns;
#pragma unroll
    for (int k = 0; k < SUMS; ++k) out[k * cells + at] = sum[k] / float(down * across);
    out[SUMS * cells + at] = largest;
}

// What a surplus of light multiplies: area averages of over-exposure times linear value. Its meaning is that of `glow.glow`. A
// thread averages one cell, which has few pixels, of which few clip.
template <typename T> __device__ __forceinline__ void view_glow(const T* photo, float* out, const ViewShape& s) {
    const int64_t at = int64_t(blockIdx.x) * THREADS + threadIdx.x, cells = int64_t(s.rows) * s.columns;
    if (at >= cells) return;
    const int64_t i = at / s.columns, j = at % s.columns;
    const int64_t top = i * s.height / s.rows, bottom = ((i + 1) * s.height + s.rows - 1) / s.rows;
    const int64_t left = j * s.width / s.columns, right = ((j + 1) * s.width + s.columns - 1) / s.columns;
    float sum[3] = {};
    for (int64_t y = top; y < bottom; ++y) {
        for (int64_t x = left; x < right; ++x) {
            const T* pixel = photo + y * s.row_step + x * s.pixel_step;
#pragma unroll
            for (int c = 0; c < 3; ++c) {
                const float code = float(__ldg(pixel + c * s.channel_step)) / s.white, over = over_exposed(code);
                if (over > 0) sum[c] += over * srgb_decode(code);
            }
        }
    }
    const float count = float((bottom - top) * (right - left));
#pragma unroll
    for (int c = 0; c < 3; ++c) out[c * cells + at] = sum[c] / count;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS) view_float32(const float* photo, float* out, const ViewShape s) {
    view_pool(photo, out, s);
}
extern "C" __global__ void __launch_bounds__(THREADS) view_uint8(const uint8_t* photo, float* out, const ViewShape s) {
    view_pool(photo, out, s);
}
extern "C" __global__ void __launch_bounds__(THREADS) view_uint16(const uint16_t* photo, float* out, const ViewShape s) {
    view_pool(photo, out, s);
}
extern "C" __global__ void __launch_bounds__(THREADS) glow_float32(const float* photo, float* out, const ViewShape s) {
    view_glow(photo, out, s);
}
extern "C" __global__ void __launch_bounds__(THREADS) glow_uint8(const uint8_t* photo, float* out, const ViewShape s) {
    view_glow(photo, out, s);
}
extern "C" __global__ void __launch_bounds__(THREADS) glow_uint16(const uint16_t* photo, float* out, const ViewShape s) {
    view_glow(photo, out, s);
}
