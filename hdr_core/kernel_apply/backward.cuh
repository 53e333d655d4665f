// Backward, for any dilation, size and number of channels.

#pragma once

#include "forward.cuh"

namespace {

// The gradients of `spatial` and `channel`: each pixel's own.
template <typename T, int K, int V>
__device__ __forceinline__ void backward_kernels(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_spatial,
                                                 T* grad_channel, const Shape& s, int64_t n, int64_t y, int64_t x) {
    const int count = int(min(int64_t(V), s.width - x));
    const int64_t plane = s.height * s.width, here = y * s.width + x;
    const int radius = s.border == VALID ? s.dilation * (K / 2) : 0;
    const int64_t source_plane = (s.height + 2 * radius) * (s.width + 2 * radius);
    const int64_t kernels = n * (K * K) * plane + here, gains = n * s.channels * plane + here;
    spatial += kernels;
    grad_spatial += kernels;
    grad += gains;
    channel += gains;
    grad_channel += gains;
    source += n * s.channels * source_plane;
    const Window from = window<K, V>(s, y, x);
    if (!from.all_in) {
        for (int v = 0; v < count; ++v) {
            for (int c = 0; c < s.channels; ++c) {
                float sum = 0;
#pragma unroll 1
                for (int k = 0; k < K * K; ++k) sum += load(spatial + k * plane + v) * tap<T, K>(source + c * source_plane, s, y, x + v, k);
                narrow(load(grad + c * plane + v) * sum, grad_channel[c * plane + v]);
            }
#pragma unroll 1
            for (int k = 0; k < K * K; ++k) {
                float sum = 0;
                for (int c = 0; c < s.channels; ++c)
                    sum += load(channel + c * plane + v) * load(grad + c * plane + v) * tap<T, K>(source + c * source_plane, s, y, x + v, k);
                narrow(sum, grad_spatial[k * plane + v]);
            }
        }
        return;
    }
    Pack<T, V> weight[K * K];
#pragma unroll
    for (int k = 0; k < K * K; ++k, spatial += plane) weight[k] = stream<T, V>(spatial, s.aligned);
    float slope[K * K][V] = {};
#pragma unroll 1
    for (int c = 0; c < s.channels; ++c) {
        keep_packed(weight);
        const Pack<T, V> gain = stream<T, V>(channel + c * plane, s.aligned);
        const Pack<T, V> outer = stream<T, V>(grad + c * plane, s.aligned);
        float sum[V] = {}, factor[V];
#pragma unroll
        for (int v = 0; v < V; ++v) factor[v] = wide(gain.of[v]) * wide(outer.of[v]);
        taps<T, K, V>(source + c * source_plane, from, s.dilation, [&](int k, int v, float value) {
            sum[v] += wide(weight[k].of[v]) * value;
            slope[k][v] += factor[v] * value;
        });
        Pack<T, V> result;
#pragma unroll
        for (int v = 0; v < V; ++v) narrow(wide(outer.of[v]) * sum[v], result.of[v]);
        store<T, V>(grad_channel + c * plane, result, s.aligned);
    }
#pragma unroll
    for (int k = 0; k < K * K; ++k, grad_spatial += plane) {
        Pack<T, V> result;
#pragma unroll
        for (int v = 0; v < V; ++v) narrow(slope[k][v], result.of[v]);
        store<T, V>(grad_spatial, result, s.aligned);
    }
}

// What the kernels around (row, column) of the source, which may lie beyond the edge, send back to it. A gather: no atomics, so the
// result is the same every time.
template <typename T, int K, int C>
__device__ __forceinline__ void gather(const T* grad, const T* spatial, const T* channel, const Shape& s, int64_t row, int64_t column,
                                       float (&sum)[C]) {
    const int64_t plane = s.height * s.width;
    const int radius = s.dilation * (K / 2);
#pragma unroll(K <= 3 ? K * K : K)
    for (int k = 0; k < K * K; ++k) {
        const int64_t y = row + radius - (k / K) * s.dilation, x = column + radius - (k % K) * s.dilation;
        if (y < 0 || y >= s.height || x < 0 || x >= s.width) continue;
        const int64_t at = y * s.width + x;
        const auto weight = load(spatial + k * plane + at);
#pragma unroll
        for (int c = 0; c < C; ++c)
            if (C == 3 || c < s.channels) sum[c] += weight * load(channel + c * plane + at) * load(grad + c * plane + at);
    }
}

// The gradient of `source` at one of its pixels: from around itself, and from around each place beyond the edge that shows it.
template <typename T, int K, int C>
__device__ __forceinline__ void backward_source(const T* grad, const T* spatial, const T* channel, T* grad_source, const Shape& s,
                                                int64_t n, int64_t y, int64_t x) {
    const int64_t plane = s.height * s.width;
    const int radius = s.dilation * (K / 2);
    grad += n * s.channels * plane;
    channel += n * s.channels * plane;
    spatial += n * (K * K) * plane;
    float sum[C] = {};
    const int64_t bottom = s.height + radius, right = s.width + radius;
    int64_t source_plane = plane, at = y * s.width + x;
    if (s.border == VALID) {
        source_plane = (s.height + 2 * radius) * (s.width + 2 * radius);
        at = y * (s.width + 2 * radius) + x;
        gather<T, K, C>(grad, spatial, channel, s, y - radius, x - radius, sum);
    } else if (s.border == CLAMP) {
        const int64_t first_row = y == 0 ? -radius : y, last_row = y == s.height - 1 ? bottom - 1 : y;
        const int64_t first = x == 0 ? -radius : x, last = x == s.width - 1 ? right - 1 : x;
        for (int64_t row = first_row; row <= last_row; ++row)
            for (int64_t column = first; column <= last; ++column)
                gather<T, K, C>(grad, spatial, channel, s, row, column, sum);
    } else {
        const int64_t turn = 2 * s.height;
        for (int turned = 0; turned < 2; ++turned) {
            const int64_t start = turned ? turn - 1 - y : y;
            const int64_t column_of = turned ? x - s.width / 2 : x;
            // the least row, and column, at or after -radius that shows this pixel
            const int64_t first_row = -radius + modulo(start + radius, turn), first = -radius + modulo(column_of + radius, s.width);
            for (int64_t row = first_row; row < bottom; row += turn)
                for (int64_t column = first; column < right; column += s.width)
                    gather<T, K, C>(grad, spatial, channel, s, row, column, sum);
        }
    }
    grad_source += n * s.channels * source_plane + at;
#pragma unroll
    for (int c = 0; c < C; ++c)
        if (C == 3 || c < s.channels) narrow(sum[c], grad_source[c * source_plane]);
}

// Both in one launch: what the first part read is still in the caches when the second needs it.
template <typename T, int K, int V, int C>
__device__ __forceinline__ void backward(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,
                                         T* grad_spatial, T* grad_channel, const Shape& s) {
    const int beyond = s.border == VALID ? 2 * s.dilation * (K / 2) : 0;
    const int64_t height = s.height + beyond, width = s.width + beyond;
    int64_t n, y, x;
    if (!place(s, height, width, V, n, y, x)) return;
    if (y < s.height && x < s.width)
        backward_kernels<T, K, V>(grad, source, spatial, channel, grad_spatial, grad_channel, s, n, y, x);
    for (int v = 0; v < V && x + v < width; ++v)
        backward_source<T, K, C>(grad, spatial, channel, grad_source, s, n, y, x + v);
}

}  // namespace
