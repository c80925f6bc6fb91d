// Which kernels there are, and which of them this processor can run.
#include "match/internal/kernel.h"

#include "base/assert.h"

namespace matsuri::match {
namespace {

// The features that each kernel's functions are compiled for.
bool can_run(Kernel kernel) {
#ifdef __x86_64__
  switch (kernel) {
    case Kernel::scalar:
      return true;
    case Kernel::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Kernel::avx512_vnni:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vnni");
  }
#endif
  return kernel == Kernel::scalar;
}

}  // namespace

std::string_view name_of(Kernel kernel) {
  switch (kernel) {
    case Kernel::scalar:
      return "scalar";
    case Kernel::avx2:
      return "AVX2";
    case Kernel::avx512_vnni:
      return "AVX-512 VNNI";
  }
  return "";
}

std::span<const Kernel> kernels() {
  struct Found {
    std::array<Kernel, 3> kernels{};
    std::size_t count = 0;
  };
  static const Found found = [] {
    Found out;
    for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512_vnni})
      if (can_run(kernel)) out.kernels[out.count++] = kernel;
    return out;
  }();
  return std::span(found.kernels).first(found.count);
}

namespace internal {

const KernelFunctions& functions_of(Kernel kernel) {
  MATSURI_ASSERT(can_run(kernel));
#ifdef __x86_64__
  if (kernel == Kernel::avx2) return avx2_functions;
  if (kernel == Kernel::avx512_vnni) return avx512_vnni_functions;
#endif
  return scalar_functions;
}

}  // namespace internal
}  // namespace matsuri::match
