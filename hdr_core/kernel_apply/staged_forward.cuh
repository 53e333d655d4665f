// Forward for dilation 1. The weights are nearly all of the bytes, and each is needed once: a thread asks for all those of its V
// pixels before the block fills its tile of the source, so that both are on their way together.

#pragma once

#include "staged.cuh"

namespace {

template <typename T, int K, int V, int C, int DOWN, bool ALIGNED, int UNROLL, int LATE>
__device__ __forceinline__ void staged_rows(float (&tile)[C][DOWN][Window1<K, V>::SPAN], const T* source, const T* spatial,
                                            const T* channel, T* out, const Shape& s, int64_t top, int64_t left, int64_t source_plane) {
    using W = Window1<K, V>;
    const int64_t y = top + threadIdx.y, x = left + threadIdx.x * V, plane = s.height * s.width;
    const bool there = y < s.height && x < s.width;
    const int count = int(min(int64_t(V), s.width - x));
    constexpr int EARLY = K == 1 ? 1 : K * (K - LATE);  // the last rows of weights would take registers that filling the tile needs
    Pack<T, V> weight[ALIGNED ? K * K : 1];
    if (ALIGNED && there) {
#pragma unroll
        for (int k = 0; k < EARLY; ++k) weight[ALIGNED ? k : 0] = stream<T, V>(spatial + k * plane, true);
    }
#pragma unroll 1
    for (int first = 0; first < (C == 1 ? s.channels : C); first += C) {  // of three channels there is one part: no weight has to outlive it
        if (first) __syncthreads();
        fill_source<T, K, V, C, DOWN, UNROLL>(tile, source, s, top, int(left));
        __syncthreads();
        if (there) {
            if (ALIGNED && first == 0) {
#pragma unroll
                for (int k = EARLY; k < K * K; ++k) weight[ALIGNED ? k : 0] = stream<T, V>(spatial + k * plane, true);
            }
            if (ALIGNED) keep_packed(weight);
            Pack<T, V> gain[C];
#pragma unroll
            for (int c = 0; c < C; ++c) gain[c] = some<T, V>(channel + c * plane, ALIGNED, count);
            float sum[C][V] = {};
#pragma unroll
            for (int ky = 0; ky < K; ++ky) {
                float value[C][V * W::READS];
#pragma unroll
                for (int c = 0; c < C; ++c) read_row<V, W::READS>(tile[c][threadIdx.y + ky], value[c]);
#pragma unroll
                for (int kx = 0; kx < K; ++kx) {
                    const int k = ky * K + kx;
                    const Pack<T, V> packed = ALIGNED ? weight[ALIGNED ? k : 0] : some<T, V>(spatial + k * plane, false, count);
#pragma unroll
                    for (int v = 0; v < V; ++v) {
                        const float w = wide(packed.of[v]);
#pragma unroll
                        for (int c = 0; c < C; ++c) sum[c][v] += w * value[c][kx + v];
                    }
                }
            }
#pragma unroll
            for (int c = 0; c < C; ++c) {
                Pack<T, V> result;
#pragma unroll
                for (int v = 0; v < V; ++v) narrow(wide(gain[c].of[v]) * sum[c][v], result.of[v]);
                put<T, V>(out + c * plane, result, ALIGNED, count);
            }
        }
        source += C * source_plane;
        channel += C * plane;
        out += C * plane;
    }
}

template <typename T, int K, int V, int C, int TALL, int UNROLL = 2, int LATE = 1>
__device__ __forceinline__ void staged_forward(const T* source, const T* spatial, const T* channel, T* out, const Shape& s) {
    using W = Window1<K, V>;
    alignas(16) __shared__ float tile[C][TALL + W::REACH][W::SPAN];
    int64_t n, top, left;
    corner(s, V, n, top, left);
    const int64_t plane = s.height * s.width, here = (top + threadIdx.y) * s.width + left + threadIdx.x * V;
    const int64_t beyond = s.border == VALID ? W::REACH : 0, source_plane = (s.height + beyond) * (s.width + beyond);
    source += n * s.channels * source_plane;
    spatial += n * (K * K) * plane + here;
    channel += n * s.channels * plane + here;
    out += n * s.channels * plane + here;
    if (s.aligned)
        staged_rows<T, K, V, C, TALL + W::REACH, true, UNROLL, LATE>(tile, source, spatial, channel, out, s, top, left, source_plane);
    else
        staged_rows<T, K, V, C, TALL + W::REACH, false, UNROLL, LATE>(tile, source, spatial, channel, out, s, top, left, source_plane);
}

}  // namespace
