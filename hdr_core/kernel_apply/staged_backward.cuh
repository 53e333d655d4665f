// Backward for dilation 1 and C channels: all gradients from two tiles, one of the source, one of the gradient times the gains. No atomics:
// the gradient of the source is gathered, so it is the same every time.

#pragma once

#include "backward.cuh"
#include "staged.cuh"

namespace {

// The tile of grad * channel around the place (y, x), zeros where no kernel stands. A panorama's columns wrap: a kernel beyond its left
// edge is that of the right one. Its poles turn kernels around, so rows near them take the way of `backward_source`.
template <typename T, int K, int V, int C, int DOWN, int UNROLL>
__device__ __forceinline__ void fill_inner(float (&tile)[C][DOWN][Window1<K, V>::SPAN], const T* grad, const T* channel, const Shape& s,
                                           int64_t y, int x, int before) {
    constexpr int REACH = K - 1;
    const int width = int(s.width);
#pragma unroll UNROLL
    for (int line = threadIdx.y; line < C * DOWN; line += blockDim.y) {
        const int c = line / DOWN, i = line % DOWN;
        const int64_t row = y + i - before;
        const bool there = row >= 0 && row < s.height;
        const int64_t at = (c * s.height + (there ? row : 0)) * width;
        fill_row<V, REACH>(
            tile[c][i], x - before, before, width, s.aligned && there,
            [&](int column) -> int {
                if (!there) return -1;
                if (column >= 0 && column < width) return column;
                return s.border == SPHERE ? int(modulo(column, width)) : -1;
            },
            [&](int column, float (&value)[V]) {
                const Pack<T, V> outer = some<T, V>(grad + at + column, true, V), gain = some<T, V>(channel + at + column, true, V);
#pragma unroll
                for (int v = 0; v < V; ++v) value[v] = wide(outer.of[v]) * wide(gain.of[v]);
            },
            [&](int column) { return load(grad + at + column) * load(channel + at + column); });
    }
}

// V values of a row of kernels, from the column `x` on that is SHIFT away from a boundary; zeros where there is none.
template <typename T, int V, int SHIFT>
__device__ __forceinline__ void shifted(const T* row, int64_t x, const Shape& s, float (&value)[V]) {
    constexpr int FIRST = (SHIFT >= 0 ? SHIFT : SHIFT - V + 1) / V * V;  // the boundary at or before it
    if (s.aligned) {
#pragma unroll
        for (int part = 0; part < (SHIFT == FIRST ? 1 : 2); ++part) {
            int64_t column = x + FIRST + part * V;
            if (s.border == SPHERE) column += column < 0 ? s.width : column >= s.width ? -s.width : 0;
            Pack<T, V> pack = {};
            if (column >= 0 && column < s.width) pack = some<T, V>(row + column, true, V);
#pragma unroll
            for (int v = 0; v < V; ++v) {
                const int to = FIRST + part * V + v - SHIFT;
                if (to >= 0 && to < V) value[to] = wide(pack.of[v]);
            }
        }
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) {
            int64_t column = x + SHIFT + v;
            if (s.border == SPHERE) column = modulo(column, s.width);
            value[v] = column >= 0 && column < s.width ? load(row + column) : 0.0f;
        }
    }
}

// The gradient of the source at V places (y, x), x on a boundary: rows `tile` of grad * channel begin REACH / 2 before it, or REACH where
// the source is larger than the picture (VALID).
template <typename T, int K, int V, int C, int DOWN, bool LARGER, int KY, int KX>
__device__ __forceinline__ void gather_tap(const float (&inner)[C][V * Window1<K, V>::READS], const T* plane, int64_t row, int64_t x,
                                           const Shape& s, float (&sum)[C][V]) {
    float weight[V];
    shifted<T, V, K / 2 - KX - (LARGER ? K / 2 : 0)>(plane + row * s.width, x, s, weight);
#pragma unroll
    for (int c = 0; c < C; ++c)
#pragma unroll
        for (int v = 0; v < V; ++v) sum[c][v] += weight[v] * inner[c][K - 1 - KX + v];
}

template <typename T, int K, int V, int C, int DOWN, bool LARGER, int KY = 0, int KX = 0>
__device__ __forceinline__ void gather_taps(const float (&tile)[C][DOWN][Window1<K, V>::SPAN],
                                            float (&inner)[C][V * Window1<K, V>::READS], const T* spatial, int64_t y, int64_t x,
                                            const Shape& s, float (&sum)[C][V]) {
    if constexpr (KX == 0) {
#pragma unroll
        for (int c = 0; c < C; ++c) read_row<V, Window1<K, V>::READS>(tile[c][threadIdx.y + K - 1 - KY], inner[c]);
    }
    const int64_t row = y + K / 2 - KY - (LARGER ? K / 2 : 0);
    if (row >= 0 && row < s.height)
        gather_tap<T, K, V, C, DOWN, LARGER, KY, KX>(inner, spatial + (KY * K + KX) * s.height * s.width, row, x, s, sum);
    if constexpr (KX + 1 < K)
        gather_taps<T, K, V, C, DOWN, LARGER, KY, KX + 1>(tile, inner, spatial, y, x, s, sum);
    else if constexpr (KY + 1 < K)
        gather_taps<T, K, V, C, DOWN, LARGER, KY + 1, 0>(tile, inner, spatial, y, x, s, sum);
}

template <typename T, int K, int V, int C, int TALL, bool LARGER, int UNROLL = 1>
__device__ __forceinline__ void staged_backward(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,
                                                T* grad_spatial, T* grad_channel, const Shape& s) {
    using W = Window1<K, V>;
    constexpr int DOWN = TALL + W::REACH, R = K / 2;
    alignas(16) __shared__ float tile[C][DOWN][W::SPAN], inner[C][DOWN][W::SPAN];
    int64_t n, top, left;
    corner(s, V, n, top, left);
    const int64_t y = top + threadIdx.y, x = left + threadIdx.x * V;
    const int64_t plane = s.height * s.width, here = y * s.width + x;
    const int64_t height = s.height + (LARGER ? W::REACH : 0), width = s.width + (LARGER ? W::REACH : 0), source_plane = height * width;
    const T *all_grad = grad, *all_spatial = spatial, *all_channel = channel;
    T* all_grad_source = grad_source;
    source += n * C * source_plane;
    grad_source += n * C * source_plane;
    spatial += n * (K * K) * plane;
    grad_spatial += n * (K * K) * plane;
    grad += n * C * plane;
    channel += n * C * plane;
    grad_channel += n * C * plane;
    const bool there = y < s.height && x < s.width, aligned = s.aligned;
    const int count = int(min(int64_t(V), s.width - x));
    Pack<T, V> weight[K * K];
    if (there) {
#pragma unroll
        for (int k = 0; k < K * K; ++k) weight[k] = some<T, V>(spatial + k * plane + here, aligned, count);
    }
    fill_source<T, K, V, C, DOWN, UNROLL>(tile, source, s, top, int(left));
    fill_inner<T, K, V, C, DOWN, UNROLL>(inner, grad, channel, s, top, int(left), LARGER ? W::REACH : R);
    __syncthreads();
    if (there) {  // the gradients of a pixel's own kernels
        if (sizeof(T) == 2) keep_packed(weight);
        constexpr int BEFORE = LARGER ? W::REACH : R;  // of this pixel in its row of `inner`
        float factor[C][V], sum[C][V] = {};
#pragma unroll
        for (int c = 0; c < C; ++c)
#pragma unroll
            for (int v = 0; v < V; ++v) factor[c][v] = inner[c][threadIdx.y + BEFORE][threadIdx.x * V + BEFORE + v];
#pragma unroll
        for (int ky = 0; ky < K; ++ky) {
            float value[C][V * W::READS];
#pragma unroll
            for (int c = 0; c < C; ++c) read_row<V, W::READS>(tile[c][threadIdx.y + ky], value[c]);
#pragma unroll
            for (int kx = 0; kx < K; ++kx) {
                Pack<T, V> result;
#pragma unroll
                for (int v = 0; v < V; ++v) {
                    float slope = 0;
                    const float w = wide(weight[ky * K + kx].of[v]);
#pragma unroll
                    for (int c = 0; c < C; ++c) {
                        slope += factor[c][v] * value[c][kx + v];
                        sum[c][v] += w * value[c][kx + v];
                    }
                    narrow(slope, result.of[v]);
                }
                put<T, V>(grad_spatial + (ky * K + kx) * plane + here, result, aligned, count);
            }
        }
#pragma unroll
        for (int c = 0; c < C; ++c) {
            const Pack<T, V> outer = some<T, V>(grad + c * plane + here, aligned, count);
            Pack<T, V> result;
#pragma unroll
            for (int v = 0; v < V; ++v) narrow(wide(outer.of[v]) * sum[c][v], result.of[v]);
            put<T, V>(grad_channel + c * plane + here, result, aligned, count);
        }
    }
    if (y < height && x < width) {  // what the kernels around send back to a pixel of the source
        const int count = int(min(int64_t(V), width - x));
        bool plain = true;
        if (!LARGER && s.border == SPHERE) plain = y >= R && y < height - R;
        if (!LARGER && s.border == CLAMP) plain = y > 0 && y < height - 1 && x > 0 && x + V < width;
        if (R > 0 && !plain) {
#pragma unroll 1
            for (int v = 0; v < count; ++v)
                backward_source<T, K, C>(all_grad, all_spatial, all_channel, all_grad_source, s, n, y, x + v);
            return;
        }
        float sum[C][V] = {}, window[C][V * W::READS];
        gather_taps<T, K, V, C, DOWN, LARGER>(inner, window, spatial, y, x, s, sum);
#pragma unroll
        for (int c = 0; c < C; ++c) {
            Pack<T, V> result;
#pragma unroll
            for (int v = 0; v < V; ++v) narrow(sum[c][v], result.of[v]);
            put<T, V>(grad_source + c * source_plane + y * width + x, result, s.aligned_source, count);
        }
    }
}

}  // namespace
