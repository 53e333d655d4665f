// Debanding, as deband.py has it, one channel at a time. Each step of it is one pass over the picture; all sums are exact, so the result
// is that of plain torch bit for bit.

#pragma once

#include <cstdint>

namespace {

constexpr int GRAIN = 4, FAR = 2 * 255;  // as in deband.py

struct BandShape {
    int64_t height, width;  // of what is written
    int64_t row_step;       // from one row of what is read to the next
    int64_t inner_step;     // the same of the tile's codes and result
    int64_t inner_height, inner_width;
    int radius, rest;       // what a step reaches; how far what it writes lies around the tile
};

__device__ __forceinline__ bool pixel_of(const BandShape& s, int64_t& y, int64_t& x) {
    const uint32_t across = uint32_t((s.width + blockDim.x - 1) / blockDim.x);
    y = int64_t(blockIdx.x / across) * blockDim.y + threadIdx.y;
    x = int64_t(blockIdx.x % across) * blockDim.x + threadIdx.x;
    return y < s.height && x < s.width;
}

// Whether the values around `p`, a step apart, rise and fall.
__device__ __forceinline__ bool rises_and_falls(const uint8_t* p, int64_t step) {
    bool up = false, down = false;
    int before = p[-GRAIN * step];
#pragma unroll
    for (int i = 1 - GRAIN; i <= GRAIN; ++i) {
        const int value = p[i * step];
        up |= value > before, down |= value < before;
        before = value;
    }
    return up && down;
}

// The start: of each pixel its code, or beyond reach where there is texture, as the highest and lowest around; and as the mean.
__device__ __forceinline__ void deband_begin(const uint8_t* codes, short* high, short* low, float* mean, const BandShape& s) {
    int64_t y, x;
    if (!pixel_of(s, y, x)) return;
    const uint8_t* p = codes + (y + GRAIN) * s.row_step + x + GRAIN;
    const int far = rises_and_falls(p, 1) || rises_and_falls(p, s.row_step) ? FAR : 0;
    const int64_t to = y * s.width + x;
    high[to] = short(*p + far), low[to] = short(*p - far), mean[to] = float(*p);
}

__device__ __forceinline__ float half_way(float one, float other) { return (one + other) * 0.5f; }

// From what is known of surroundings up to radius / 2 to those up to `radius`; where they hold nothing far, their mean is the result.
__device__ __forceinline__ void deband_grow(const uint8_t* codes, const short* high, const short* low, const float* mean, short* new_high,
                                            short* new_low, float* new_mean, float* out, const BandShape& s) {
    int64_t y, x;
    if (!pixel_of(s, y, x)) return;
    const int64_t from = y * s.row_step + x, right = s.radius, below = s.radius * s.row_step;
    int most, least;
    float middle;
    if (s.radius == 1) {  // three by three, weighted 1 2 1
        most = -2 * FAR, least = 2 * FAR;
        float rows[3];
#pragma unroll
        for (int i = 0; i < 3; ++i) {
            const int64_t at = from + i;
            most = max(most, max(max(int(high[at]), int(high[at + below])), int(high[at + 2 * below])));
            least = min(least, min(min(int(low[at]), int(low[at + below])), int(low[at + 2 * below])));
            rows[i] = half_way(half_way(mean[at], mean[at + below]), half_way(mean[at + below], mean[at + 2 * below]));
        }
        middle = half_way(half_way(rows[0], rows[1]), half_way(rows[1], rows[2]));
    } else {
        most = max(max(int(high[from]), int(high[from + below])), max(int(high[from + right]), int(high[from + below + right])));
        least = min(min(int(low[from]), int(low[from + below])), min(int(low[from + right]), int(low[from + below + right])));
        middle = half_way(half_way(mean[from], mean[from + below]), half_way(mean[from + right], mean[from + below + right]));
    }
    const int64_t to = y * s.width + x;
    new_high[to] = short(most), new_low[to] = short(least), new_mean[to] = middle;
    const int64_t row = y - s.rest, column = x - s.rest;
    if (row < 0 || row >= s.inner_height || column < 0 || column >= s.inner_width) return;
    const int code = codes[row * s.inner_step + column];
    const float exact = float(code);
    float& result = out[row * s.inner_width + column];
    if (code == 255 || s.radius == 1) result = exact;
    if (code != 255 && max(most - code, code - least) <= 1) result = fminf(fmaxf(middle, exact - 0.5f), exact + 0.5f);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256) deband_begin_uint8(const uint8_t* codes, short* high, short* low, float* mean,
                                                                     const BandShape s) {
    deband_begin(codes, high, low, mean, s);
}
extern "C" __global__ void __launch_bounds__(256) deband_grow_uint8(const uint8_t* codes, const short* high, const short* low,
                                                                    const float* mean, short* new_high, short* new_low, float* new_mean,
                                                                    float* out, const BandShape s) {
    deband_grow(codes, high, low, mean, new_high, new_low, new_mean, out, s);
}
