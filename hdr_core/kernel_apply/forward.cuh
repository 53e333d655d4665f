// Forward, for any dilation, size and number of channels: a thread holds the weights of V neighbouring pixels in registers, and
// reads the source through the caches.

#pragma once

#include "common.cuh"

namespace {

// The values of one channel that V kernels read, all of them inside, handed to `use(k, v, value)`.
template <typename T, int K, int V, typename Use>
__device__ __forceinline__ void taps(const T* plane, const Window& from, int dilation, Use use) {
    const T* row = plane + from.top * from.width + from.left;
    const int64_t step = dilation * from.width;
#pragma unroll
    for (int ky = 0; ky < K; ++ky, row += step) {
        if (dilation == 1) {
            float value[V + K - 1];
#pragma unroll
            for (int i = 0; i < V + K - 1; ++i) value[i] = load(row + i);
#pragma unroll
            for (int kx = 0; kx < K; ++kx)
#pragma unroll
                for (int v = 0; v < V; ++v) use(ky * K + kx, v, value[kx + v]);
        } else {
#pragma unroll
            for (int kx = 0; kx < K; ++kx)
#pragma unroll
                for (int v = 0; v < V; ++v) use(ky * K + kx, v, load(row + kx * dilation + v));
        }
    }
}

// One value, wherever it lies. The few pixels near the edge take this way: it is slow, and needs no registers.
template <typename T, int K> __device__ float tap(const T* plane, const Shape& s, int64_t y, int64_t x, int k) {
    const Window from = window<K, 1>(s, y, x);
    const int64_t row = from.top + (k / K) * s.dilation, column = from.left + (k % K) * s.dilation;
    return load(plane + (s.border == VALID ? row * from.width + column : inside(row, column, s)));
}

template <typename T, int K, int V>
__device__ __forceinline__ void forward(const T* source, const T* spatial, const T* channel, T* out, const Shape& s) {
    int64_t n, y, x;
    if (!place(s, s.height, s.width, V, n, y, x)) return;
    const int count = int(min(int64_t(V), s.width - x));
    const int64_t plane = s.height * s.width, here = y * s.width + x;
    const int radius = s.border == VALID ? s.dilation * (K / 2) : 0;
    const int64_t source_plane = (s.height + 2 * radius) * (s.width + 2 * radius);
    spatial += n * (K * K) * plane + here;
    source += n * s.channels * source_plane;
    channel += n * s.channels * plane + here;
    out += n * s.channels * plane + here;
    const Window from = window<K, V>(s, y, x);
    if (!from.all_in) {
        for (int v = 0; v < count; ++v)
            for (int c = 0; c < s.channels; ++c) {
                float sum = 0;
#pragma unroll 1
                for (int k = 0; k < K * K; ++k) sum += load(spatial + k * plane + v) * tap<T, K>(source + c * source_plane, s, y, x + v, k);
                narrow(load(channel + c * plane + v) * sum, out[c * plane + v]);
            }
        return;
    }
    Pack<T, V> weight[K * K];
#pragma unroll
    for (int k = 0; k < K * K; ++k, spatial += plane) weight[k] = stream<T, V>(spatial, s.aligned);
#pragma unroll 1
    for (int c = 0; c < s.channels; ++c) {
        keep_packed(weight);
        const Pack<T, V> gain = stream<T, V>(channel + c * plane, s.aligned);
        float sum[V] = {};
        taps<T, K, V>(source + c * source_plane, from, s.dilation, [&](int k, int v, float value) { sum[v] += wide(weight[k].of[v]) * value; });
        Pack<T, V> result;
#pragma unroll
        for (int v = 0; v < V; ++v) narrow(wide(gain.of[v]) * sum[v], result.of[v]);
        store<T, V>(out + c * plane, result, s.aligned);
    }
}

}  // namespace
