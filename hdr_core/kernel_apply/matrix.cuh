// Products of small matrices on the tensor cores: halves in, float sums. Left sides are 16 x 16 or 16 x 8, right sides 8 columns wide.
// How a matrix lies in the registers of a warp is what the PTX manual says of mma.m16n8k16 and ldmatrix.

#pragma once

#include "common.cuh"

namespace {

__device__ __forceinline__ uint32_t two_halves(float low, float high) {
    const __half2 both = __floats2half2_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&both);
}

#ifndef EMULATED
// COUNT matrices of 8 x 8 halves from shared memory; each group of 8 lanes gives the addresses of one matrix's rows.
template <int COUNT> __device__ __forceinline__ void load_matrices(uint32_t (&to)[COUNT], const void* row) {
    const uint32_t from = uint32_t(__cvta_generic_to_shared(row));
    if constexpr (COUNT == 4)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(from));
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(to[0]), "=r"(to[1]) : "r"(from));
}

__device__ __forceinline__ void multiply8(float (&sum)[4], const uint32_t (&left)[2], uint32_t right) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(right));
}

__device__ __forceinline__ void multiply16(float (&sum)[4], const uint32_t (&left)[4], uint32_t right, uint32_t right_below) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right), "r"(right_below));
#else
    const uint32_t one[2] = {left[0], left[1]}, other[2] = {left[2], left[3]};
    multiply8(sum, one, right);
    multiply8(sum, other, right_below);
#endif
}
#else  // on a processor, for tests without a GPU
template <int COUNT> void load_matrices(uint32_t (&to)[COUNT], const void* row) { emu_ldmatrix(to, row, COUNT); }
inline void multiply8(float (&sum)[4], const uint32_t (&left)[2], uint32_t right) { emu_mma(sum, left, &right, 1); }
inline void multiply16(float (&sum)[4], const uint32_t (&left)[4], uint32_t right, uint32_t right_below) {
    const uint32_t both[2] = {right, right_below};
    emu_mma(sum, left, both, 2);
}
#endif

}  // namespace
