// What the kernels share: types, vector access, borders, and which pixel a thread has.

#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace {

enum Border : int { SPHERE = 0, CLAMP = 1, VALID = 2 };

constexpr int LANES = 32, ROWS = 4;  // threads of a block

struct Shape {
    int64_t height, width;  // of the output
    int64_t tiles_down, tiles_across;
    int channels, dilation, border;
    int aligned, aligned_source;  // every row of the tensors of the output's size, and of the source, begins on its boundary
};

__device__ __forceinline__ float load(const float* p) { return __ldg(p); }
__device__ __forceinline__ float load(const __half* p) { return __half2float(__ldg(p)); }
__device__ __forceinline__ float load(const __nv_bfloat16* p) { return __bfloat162float(__ldg(p)); }

__device__ __forceinline__ float wide(float x) { return x; }
__device__ __forceinline__ float wide(__half x) { return __half2float(x); }
__device__ __forceinline__ float wide(__nv_bfloat16 x) { return __bfloat162float(x); }

__device__ __forceinline__ void narrow(float x, float& to) { to = x; }
__device__ __forceinline__ void narrow(float x, __half& to) { to = __float2half_rn(x); }
__device__ __forceinline__ void narrow(float x, __nv_bfloat16& to) { to = __float2bfloat16_rn(x); }

template <int BYTES> struct Raw;
template <> struct Raw<2> { using type = unsigned short; };
template <> struct Raw<4> { using type = unsigned int; };
template <> struct Raw<8> { using type = uint2; };
template <> struct Raw<16> { using type = uint4; };

template <typename T, int V> struct alignas(sizeof(T) * V) Pack { T of[V]; };

// V values at `p`, in one access where `aligned`. They are not needed again: spare the caches.
template <typename T, int V> __device__ __forceinline__ Pack<T, V> stream(const T* p, bool aligned) {
    using R = typename Raw<sizeof(T) * V>::type;
    Pack<T, V> out;
    if (aligned) {
        *reinterpret_cast<R*>(&out) = __ldcs(reinterpret_cast<const R*>(p));
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) out.of[v] = p[v];
    }
    return out;
}

template <typename T, int V> __device__ __forceinline__ void store(T* p, const Pack<T, V>& values, bool aligned) {
    using R = typename Raw<sizeof(T) * V>::type;
    if (aligned) {
        __stcs(reinterpret_cast<R*>(p), *reinterpret_cast<const R*>(&values));
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) p[v] = values.of[v];
    }
}

// Keeps the compiler from converting packed weights before the loop over the channels: that would take twice the registers.
template <typename T, int V, int COUNT> __device__ __forceinline__ void keep_packed(Pack<T, V> (&packs)[COUNT]) {
#pragma unroll
    for (int k = 0; k < COUNT; ++k)
#pragma unroll
        for (int i = 0; i < int(sizeof(T) * V / 4); ++i) asm volatile("" : "+r"(reinterpret_cast<uint32_t*>(&packs[k])[i]));
}

__device__ __forceinline__ int64_t modulo(int64_t a, int64_t n) {
    a %= n;
    return a < 0 ? a + n : a;
}

// Where the source pixel at (row, column), which may lie beyond the edge, is stored. Not for VALID.
__device__ int64_t inside(int64_t row, int64_t column, const Shape& s) {
    if (s.border == SPHERE) {
        row = modulo(row, 2 * s.height);
        if (row >= s.height) {  // across a pole
            row = 2 * s.height - 1 - row;
            column += s.width / 2;
        }
        column = modulo(column, s.width);
    } else {
        row = min(max(row, int64_t(0)), s.height - 1);
        column = min(max(column, int64_t(0)), s.width - 1);
    }
    return row * s.width + column;
}

// The first pixel of this block's tile, each thread taking `per_thread` pixels of a row. 32 bits hold what counts tiles: divisions of
// 64 bits take a hundred instructions.
__device__ __forceinline__ void corner(const Shape& s, int per_thread, int64_t& n, int64_t& y, int64_t& x) {
    const uint32_t down = uint32_t(s.tiles_down), across = uint32_t(s.tiles_across);
    const uint32_t rest = blockIdx.x / across;
    n = rest / down;
    y = int64_t(rest % down) * blockDim.y;
    x = int64_t(blockIdx.x % across) * LANES * per_thread;
}

// The pixel of this thread in a plane of height x width; false where it has none.
__device__ __forceinline__ bool place(const Shape& s, int64_t height, int64_t width, int per_thread, int64_t& n, int64_t& y, int64_t& x) {
    corner(s, per_thread, n, y, x);
    y += threadIdx.y;
    x += threadIdx.x * per_thread;
    return y < height && x < width;
}

// What the kernel of the output pixel (y, x) reads first, in the source; whether V neighbours read nothing beyond its edge.
struct Window {
    int64_t top, left, width;
    bool all_in;
};

template <int K, int V> __device__ __forceinline__ Window window(const Shape& s, int64_t y, int64_t x) {
    const int reach = s.dilation * (K - 1), radius = reach / 2;
    if (s.border == VALID) return {y, x, s.width + reach, x + V <= s.width};
    const int64_t top = y - radius, left = x - radius;
    return {top, left, s.width, top >= 0 && top + reach < s.height && left >= 0 && left + reach + V <= s.width};
}

}  // namespace
