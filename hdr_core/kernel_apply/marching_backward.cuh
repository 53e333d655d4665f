// Backward for dilation 1 and three channels, where every row lies on boundaries of 8 bytes: each weight is read once from memory.
//
// A warp marches down a strip of LANES vectors. Of each row it copies all weights into shared memory while it still works on the row
// before, with a vector more on either side. A row's kernels give to the R rows above and below them: what they give is summed in
// registers, and leaves when the last row that gives to it has passed. Across, a pixel takes from its neighbours' kernels, in shared
// memory. So there are no atomics, and the result is the same every time. Rows around a strip are read again, as far as they give to it.
//
// Pixels that kernels reach from beyond the edge have blocks of their own, which come first: they take the way of `backward_source`.

#pragma once

#include "backward.cuh"
#include "staged.cuh"

namespace {

struct Strips {
    int64_t edge_blocks;  // of each picture
    int rows;             // of a strip
};

template <typename T, int K, int V> struct MarchMemory {
    static constexpr int SPAN = (LANES + 2) * V;
    struct Row { T weight[K * K][SPAN], grad[3][SPAN], channel[3][SPAN]; };
    Row row[2];
    T source[K + 1][3][SPAN];
};

// BYTES on their way to shared memory; zeros where there is nothing.
template <int BYTES> __device__ __forceinline__ void fetch(void* to, const void* from, bool there) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(uint32_t(__cvta_generic_to_shared(to))), "l"(from),
                 "r"(there ? BYTES : 0), "n"(BYTES)
                 : "memory");
#else
    using R = typename Raw<BYTES>::type;
    *reinterpret_cast<R*>(to) = there ? __ldcs(reinterpret_cast<const R*>(from)) : R{};
#endif
}

__device__ __forceinline__ void fetched_so_far() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// All but the last `AFTER` groups have arrived, for the whole warp.
template <int AFTER> __device__ __forceinline__ void arrived() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(AFTER) : "memory");
#endif
    __syncwarp();
}

// Values of a thread's vector in shared memory, at `own`, with `LEFT` before and `RIGHT` after them.
template <typename T, int V, int LEFT, int RIGHT, int FIRST> __device__ __forceinline__ void surround(const T* own, float* value) {
    if constexpr (LEFT == 1) value[FIRST - 1] = wide(own[-1]);
    if constexpr (LEFT == 2) {
        const Pack<T, 2> two = *reinterpret_cast<const Pack<T, 2>*>(own - 2);
        value[FIRST - 2] = wide(two.of[0]), value[FIRST - 1] = wide(two.of[1]);
    }
    if constexpr (RIGHT == 1) value[FIRST + V] = wide(own[V]);
    if constexpr (RIGHT == 2) {
        const Pack<T, 2> two = *reinterpret_cast<const Pack<T, 2>*>(own + V);
        value[FIRST + V] = wide(two.of[0]), value[FIRST + V + 1] = wide(two.of[1]);
    }
    const Pack<T, V> pack = *reinterpret_cast<const Pack<T, V>*>(own);
#pragma unroll
    for (int v = 0; v < V; ++v) value[FIRST + v] = wide(pack.of[v]);
}

template <typename T, int K, int V> struct March {
    static constexpr int R = K / 2, C = 3, WINDOW = V + 2 * R, RING = K + 1, BYTES = V * sizeof(T), PLANES = K * K + 2 * C;
    using Memory = MarchMemory<T, K, V>;
    static_assert(R <= V && R <= 2);

    Memory& memory;
    const T *grad, *source, *spatial, *channel;
    T *grad_source, *grad_spatial, *grad_channel;
    const Shape& s;
    int64_t plane;
    int height, width, begin, end;  // of the picture, and rows of the strip
    int left, lane;                 // its first column

    __device__ __forceinline__ bool own(int y) const { return y >= begin && y < end; }

    // Where the vector of the tile at `group`, the one before the strip being 0, lies in a row; -1: nowhere.
    __device__ __forceinline__ int column(int group) const {
        int x = left + (group - 1) * V;
        if (s.border == SPHERE) x += x < 0 ? width : x >= width ? -width : 0;
        return x < width ? x : -1;
    }

    // Ask for the kernels of a row, the gradient there, and the row of the source that they are the first to read. The rows of the source
    // before it have been asked for: this one takes a place that the row at work does not look at.
    __device__ __forceinline__ void ask(int y) {
        auto& to = memory.row[(y - begin) & 1];
        const bool mine = own(y);
        const int x = column(lane + 1), first = mine ? 0 : begin - y + R, last = mine ? K - 1 : end - y + R - 1;  // rows of taps that give
        const int64_t at = int64_t(y) * width + max(x, 0);
        const T* from = spatial + at;
        int64_t step = plane;
        asm volatile("" : "+l"(step));  // or the compiler keeps all its multiples in registers
#pragma unroll
        for (int ky = 0; ky < K; ++ky) {
            if (ky >= first && ky <= last) {
#pragma unroll
                for (int kx = 0; kx < K; ++kx) fetch<BYTES>(&to.weight[ky * K + kx][(lane + 1) * V], from + kx * step, x >= 0);
            }
            from += K * step;
        }
#pragma unroll
        for (int c = 0; c < C; ++c) {
            fetch<BYTES>(&to.grad[c][(lane + 1) * V], grad + at + c * step, x >= 0);
            fetch<BYTES>(&to.channel[c][(lane + 1) * V], channel + at + c * step, x >= 0);
        }
        // the vectors on either side, one a lane
#pragma unroll 1
        for (int unit = lane; unit < 2 * PLANES; unit += LANES) {
            const int p = unit >> 1, group = unit & 1 ? LANES + 1 : 0, beside = column(group);
            if (p < K * K && (p / K < first || p / K > last)) continue;
            const T* of = p < K * K ? spatial + p * step : p < K * K + C ? grad + (p - K * K) * step : channel + (p - K * K - C) * step;
            fetch<BYTES>(&to.weight[0][0] + p * Memory::SPAN + group * V, of + int64_t(y) * width + max(beside, 0), beside >= 0);
        }
        if (mine) ask_source(y + R);
    }

    __device__ __forceinline__ void ask_source(int row) {
        const int slot = (row - begin + R) % RING;
        int turn = 0;
        if (row < 0 || row >= height) {
            if (s.border == SPHERE)
                row = row < 0 ? -1 - row : 2 * height - 1 - row, turn = width / 2;
            else
                row = row < 0 ? 0 : height - 1;
        }
        const T* from = source + int64_t(row) * width;
        const int x = left + lane * V;
        T* to = memory.source[slot][0] + V;
        if (turn == 0 && x < width) {
#pragma unroll
            for (int c = 0; c < C; ++c) fetch<BYTES>(to + c * Memory::SPAN + lane * V, from + c * plane + x, true);
        } else {
#pragma unroll 1
            for (int i = 0; i < C * V; ++i) copy(to + i / V * Memory::SPAN, from + i / V * plane, lane * V + i % V, turn);
        }
        if (lane < 2 * C * R) {  // R on either side
            const int c = lane / (2 * R), i = lane % (2 * R);
            copy(to + c * Memory::SPAN, from + c * plane, i < R ? i - R : LANES * V + i - R, turn);
        }
    }

    // One value of the source, `i` columns into the strip.
    __device__ __forceinline__ void copy(T* to, const T* row, int i, int turn) {
        int x = left + i + turn;
        if (s.border == SPHERE) {
            if (x < 0) x += width;
            while (x >= width) x -= width;
        } else {
            x = min(max(x, 0), width - 1);
        }
        to[i] = row[x];
    }

    // The gradients of a row's own kernels, and what these give to the rows around. Of a row outside of the strip not all has been
    // asked for; what comes of the rest is not kept.
    __device__ __forceinline__ void step(int y, float (&sum)[K][C][V]) {
        const auto& from = memory.row[(y - begin) & 1];
        const int here = (lane + 1) * V, x = left + lane * V;
        const bool keep = own(y) && x < width;
        const int64_t at = int64_t(y) * width + x;
        float inner[C][WINDOW], seen[C][V] = {};
#pragma unroll
        for (int c = 0; c < C; ++c) {
            float gain[WINDOW];
            surround<T, V, R, R, R>(from.grad[c] + here, inner[c]);
            surround<T, V, R, R, R>(from.channel[c] + here, gain);
#pragma unroll
            for (int i = 0; i < WINDOW; ++i) inner[c][i] *= gain[i];
        }
        int64_t step = plane;
        asm volatile("" : "+l"(step));
        row_of_taps<0>(from, here, keep, (y - begin + RING) % RING, step, grad_spatial + at, inner, seen, sum);
        if (keep) {
#pragma unroll
            for (int c = 0; c < C; ++c) {
                const Pack<T, V> outer = *reinterpret_cast<const Pack<T, V>*>(from.grad[c] + here);
                Pack<T, V> result;
#pragma unroll
                for (int v = 0; v < V; ++v) narrow(wide(outer.of[v]) * seen[c][v], result.of[v]);
                store<T, V>(grad_channel + at + c * plane, result, true);
            }
        }
    }

    template <int KY>
    __device__ __forceinline__ void row_of_taps(const typename Memory::Row& from, int here, bool keep, int slot, int64_t step, T* out,
                                                const float (&inner)[C][WINDOW], float (&seen)[C][V], float (&sum)[K][C][V]) {
        if constexpr (KY < K) {
            float value[C][WINDOW];
#pragma unroll
            for (int c = 0; c < C; ++c) surround<T, V, R, R, R>(memory.source[slot][c] + here, value[c]);
            tap<KY, 0>(from, here, keep, step, out, value, inner, seen, sum);
            row_of_taps<KY + 1>(from, here, keep, slot + 1 == RING ? 0 : slot + 1, step, out + K * step, inner, seen, sum);
        }
    }

    template <int KY, int KX>
    __device__ __forceinline__ void tap(const typename Memory::Row& from, int here, bool keep, int64_t step, T* out,
                                        const float (&value)[C][WINDOW], const float (&inner)[C][WINDOW], float (&seen)[C][V],
                                        float (&sum)[K][C][V]) {
        if constexpr (KX < K) {
            constexpr int LEFT = KX > R ? KX - R : 0, RIGHT = KX < R ? R - KX : 0;
            float weight[WINDOW];
            surround<T, V, LEFT, RIGHT, R>(from.weight[KY * K + KX] + here, weight);
            Pack<T, V> result;
#pragma unroll
            for (int v = 0; v < V; ++v) {
                float slope = 0;
#pragma unroll
                for (int c = 0; c < C; ++c) {
                    slope += inner[c][R + v] * value[c][KX + v];
                    seen[c][v] += weight[R + v] * value[c][KX + v];
                    sum[KY][c][v] += weight[v + 2 * R - KX] * inner[c][v + 2 * R - KX];
                }
                narrow(slope, result.of[v]);
            }
            if (keep) store<T, V>(out, result, true);
            tap<KY, KX + 1>(from, here, keep, step, out + step, value, inner, seen, sum);
        }
    }

    // A row of the source's gradient that is complete.
    __device__ __forceinline__ void leave(int y, const float (&sum)[C][V]) {
        const int x = left + lane * V;
        if (!own(y) || x >= width) return;
        const bool sphere = s.border == SPHERE;
        if (sphere ? y < R || y >= height - R : y == 0 || y == height - 1) return;
        const bool edge = !sphere && (x == 0 || x + V == width);
        T* to = grad_source + int64_t(y) * width + x;
#pragma unroll
        for (int c = 0; c < C; ++c) {
            Pack<T, V> result;
#pragma unroll
            for (int v = 0; v < V; ++v) narrow(sum[c][v], result.of[v]);
            if (!edge) {
                store<T, V>(to + c * plane, result, true);
            } else {
#pragma unroll
                for (int v = 0; v < V; ++v)
                    if (x + v > 0 && x + v < width - 1) to[c * plane + v] = result.of[v];
            }
        }
    }

    __device__ __forceinline__ void run() {
        const int first = max(begin - R, 0), last = min(end + R, height) - 1;
        float sum[K][C][V] = {};
#pragma unroll 1
        for (int row = begin - R; row < begin + R; ++row) ask_source(row);
        ask(first);
        fetched_so_far();
#pragma unroll 1
        for (int y = first; y <= last + R; ++y) {
            if (y <= last) {
                if (y < last) ask(y + 1);
                fetched_so_far();
                arrived<1>();
                step(y, sum);
                __syncwarp();
            }
            leave(y - R, sum[0]);
#pragma unroll
            for (int k = 0; k < K; ++k)
#pragma unroll
                for (int c = 0; c < C; ++c)
#pragma unroll
                    for (int v = 0; v < V; ++v) sum[k][c][v] = k + 1 < K ? sum[k + 1 < K ? k + 1 : k][c][v] : 0.0f;
        }
    }
};

// The pixel numbered `i` of those that kernels reach from beyond the edge; false where there is none.
template <int K> __device__ __forceinline__ bool edge_pixel(const Shape& s, int64_t i, int64_t& y, int64_t& x) {
    const int deep = s.border == SPHERE ? K / 2 : 1;
    const int64_t of_rows = 2 * deep * s.width;
    if (i < of_rows) {
        const int64_t row = i / s.width;
        y = row < deep ? row : s.height - 2 * deep + row, x = i % s.width;
        return true;
    }
    if (s.border == SPHERE) return false;
    i -= of_rows;
    y = 1 + (i >> 1), x = i & 1 ? s.width - 1 : 0;
    return y < s.height - 1;
}

template <typename T, int K, int V>
__device__ __forceinline__ void marching_backward(const T* grad, const T* source, const T* spatial, const T* channel, T* grad_source,
                                                  T* grad_spatial, T* grad_channel, const Shape& s, const Strips& strips) {
    alignas(16) __shared__ MarchMemory<T, K, V> memory;
    const int64_t each = strips.edge_blocks + s.tiles_down * s.tiles_across, n = blockIdx.x / each, block = blockIdx.x % each;
    if (block < strips.edge_blocks) {
        int64_t y, x;
        if (edge_pixel<K>(s, block * LANES + threadIdx.x, y, x))
            backward_source<T, K, 3>(grad, spatial, channel, grad_source, s, n, y, x);
        return;
    }
    const int64_t strip = block - strips.edge_blocks, plane = s.height * s.width, begin = strip / s.tiles_across * strips.rows;
    const int64_t kernels = n * (K * K) * plane, gains = n * 3 * plane;
    March<T, K, V> march{memory, grad + gains, source + gains, spatial + kernels, channel + gains, grad_source + gains, grad_spatial + kernels,
                      grad_channel + gains, s, plane, int(s.height), int(s.width), int(begin), int(min(begin + strips.rows, s.height)),
                      int(strip % s.tiles_across) * LANES * V, int(threadIdx.x)};
    march.run();
}

}  // namespace
