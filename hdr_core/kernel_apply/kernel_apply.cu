// kernel_apply on CUDA, forward and backward. Its meaning is that of reference.py:
//
//     out[c, p] = channel[c, p] * sum_k spatial[k, p] * source[c, p + k]
//
// All tensors are contiguous, (N, planes, H, W). The spatial weights are nearly all of the bytes, and each is needed once: a thread
// takes V neighbouring pixels, holds their K * K weights in registers, loaded 8 bytes at a time, and walks over the channels. The
// source is read through the caches. Sums are float. Offsets are 64-bit: 16384 x 8192 pixels have 2^31.7 weights.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace {

enum Border : int { SPHERE = 0, CLAMP = 1, VALID = 2 };

constexpr int LANES = 32, ROWS = 4;  // threads of a block

struct Shape {
    int64_t height, width;  // of the output
    int64_t tiles_down, tiles_across;
    int channels, dilation, border, aligned;
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

// The pixel of this thread in a plane of height x width; false where it has none.
__device__ __forceinline__ bool place(const Shape& s, int64_t height, int64_t width, int per_thread, int64_t& n, int64_t& y, int64_t& x) {
    const int64_t tile = blockIdx.x;
    const int64_t across = tile % s.tiles_across, rest = tile / s.tiles_across;
    n = rest / s.tiles_down;
    y = (rest % s.tiles_down) * ROWS + threadIdx.y;
    x = (across * LANES + threadIdx.x) * per_thread;
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

#define FORWARD(NAME, T, K)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? 3 : 5)                                                     \
        forward_##NAME##_##K(const T* source, const T* spatial, const T* channel, T* out, const Shape s) {                        \
        forward<T, K, 8 / sizeof(T)>(source, spatial, channel, out, s);                                                           \
    }

#define BACKWARD(NAME, T, K, C)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(LANES* ROWS, K == 7 ? 2 : 4)                                                     \
        backward_##NAME##_##K##_##C(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,           \
                                    T* grad_spatial, T* grad_channel, const Shape s) {                                            \
        backward<T, K, (sizeof(T) == 2 ? 2 : 1), C>(grad, source, spatial, channel, grad_source, grad_spatial, grad_channel, s);  \
    }

#define SIZE(NAME, T, K) FORWARD(NAME, T, K) BACKWARD(NAME, T, K, 3) BACKWARD(NAME, T, K, 8)
#define TYPE(NAME, T) SIZE(NAME, T, 1) SIZE(NAME, T, 3) SIZE(NAME, T, 5) SIZE(NAME, T, 7)

TYPE(float16, __half)
TYPE(bfloat16, __nv_bfloat16)
TYPE(float32, float)
