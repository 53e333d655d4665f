// A tile of a picture in shared memory, as floats, with what lies around it: borders are resolved once, when the tile is filled, and
// every kernel that reads it goes without a thought of them. For dilation 1.

#pragma once

#include "common.cuh"

namespace {

template <int K, int V> struct Window1 {
    static constexpr int REACH = K - 1;
    static constexpr int READS = (V + REACH + V - 1) / V;   // vectors of V values that V neighbours read of a row
    static constexpr int SPAN = (LANES - 1 + READS) * V;    // columns of a tile
};

// One row of a tile, filled by a warp: column i shows the picture's column left + i. The first `before` columns and the last
// REACH - before lie outside of the vectors. `where` says where a column lies in the stored row, -1: nowhere, it is 0; `many` and
// `one` read V values, or one. `vectors`: the row lies on its boundaries, and is not turned.
template <int V, int REACH, typename Where, typename Many, typename One>
__device__ __forceinline__ void fill_row(float* row, int left, int before, int width, bool vectors, Where where, Many many,
                                         One one) {
    const int lane = threadIdx.x;
    const int x = left + before + lane * V;
    float value[V];
    if (vectors && x >= 0 && x + V <= width) {
        many(x, value);
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) {
            const int at = where(x + v);
            value[v] = at < 0 ? 0.0f : one(at);
        }
    }
    float* to = row + before + lane * V;
    if (before % 2 == 0) {
#pragma unroll
        for (int v = 0; v < V; v += 2) *reinterpret_cast<float2*>(to + v) = make_float2(value[v], value[v + 1]);
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) to[v] = value[v];
    }
    if (lane < REACH) {
        const int column = lane < before ? lane : lane + LANES * V;
        const int at = where(left + column);
        row[column] = at < 0 ? 0.0f : one(at);
    }
}

// V + REACH values of a row of a tile, from the column of this thread on.
template <int V, int READS> __device__ __forceinline__ void read_row(const float* row, float (&value)[V * READS]) {
    const float* from = row + threadIdx.x * V;
#pragma unroll
    for (int i = 0; i < V * READS; i += (V % 4 == 0 ? 4 : 2)) {
        if constexpr (V % 4 == 0) {
            const float4 four = *reinterpret_cast<const float4*>(from + i);
            value[i] = four.x, value[i + 1] = four.y, value[i + 2] = four.z, value[i + 3] = four.w;
        } else {
            const float2 two = *reinterpret_cast<const float2*>(from + i);
            value[i] = two.x, value[i + 1] = two.y;
        }
    }
}

// V values at `p`, kept in the caches; of a row that is not on its boundaries the first `count`, and zeros.
template <typename T, int V> __device__ __forceinline__ Pack<T, V> some(const T* p, bool aligned, int count) {
    using R = typename Raw<sizeof(T) * V>::type;
    Pack<T, V> out;
    if (aligned) {
        *reinterpret_cast<R*>(&out) = __ldg(reinterpret_cast<const R*>(p));
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v) out.of[v] = v < count ? p[v] : T(0.0f);
    }
    return out;
}

template <typename T, int V> __device__ __forceinline__ void put(T* p, const Pack<T, V>& values, bool aligned, int count) {
    if (aligned) {
        store<T, V>(p, values, true);
    } else {
#pragma unroll
        for (int v = 0; v < V; ++v)
            if (v < count) p[v] = values.of[v];
    }
}

// The source around a tile whose first output pixel is (y, x): C channels from `source`, rows y - R .. y + blockDim.y + R.
template <typename T, int K, int V, int C, int DOWN, int UNROLL = 2>
__device__ __forceinline__ void fill_source(float (&tile)[C][DOWN][Window1<K, V>::SPAN], const T* source, const Shape& s, int64_t y,
                                            int x) {
    constexpr int REACH = K - 1, R = K / 2;
    const bool valid = s.border == VALID;
    const int64_t height = s.height + (valid ? REACH : 0);
    const int width = int(s.width) + (valid ? REACH : 0);
    const int before = valid ? 0 : R;
#pragma unroll UNROLL
    for (int line = threadIdx.y; line < C * DOWN; line += blockDim.y) {
        const int c = line / DOWN, i = line % DOWN;
        int64_t row = y + i - before;
        int turn = 0;
        bool there = true;
        if (row < 0 || row >= height) {
            if (s.border == SPHERE) {
                row = modulo(row, 2 * height);
                if (row >= height) row = 2 * height - 1 - row, turn = width / 2;
            } else if (valid) {
                there = false;
            } else {
                row = row < 0 ? 0 : height - 1;
            }
        }
        const T* from = source + (c * height + (there ? row : 0)) * width;
        fill_row<V, REACH>(
            tile[c][i], x - before, before, width, s.aligned_source && turn == 0 && there,
            [&](int column) -> int {
                if (!there) return -1;
                if (s.border == SPHERE) {
                    column += turn;
                    return column >= 0 && column < width ? column : int(modulo(column, width));
                }
                if (valid) return column < width ? column : -1;
                return min(max(column, 0), width - 1);
            },
            [&](int column, float (&value)[V]) {
                const Pack<T, V> pack = some<T, V>(from + column, true, V);
#pragma unroll
                for (int v = 0; v < V; ++v) value[v] = wide(pack.of[v]);
            },
            [&](int column) { return load(from + column); });
    }
}

}  // namespace
