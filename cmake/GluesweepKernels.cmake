# gluesweep_add_kernels(TARGET SOURCE ...): compiles sources once for each instruction set, into the namespace
# GLUESWEEP_KERNELS, with the C library's vector functions where it has them. Which set is used is decided when the
# program starts, so one build serves all machines of a cluster.
include(CMakePushCheckState)
include(CheckCXXSourceCompiles)

cmake_push_check_state()
set(CMAKE_REQUIRED_FLAGS "${CMAKE_REQUIRED_FLAGS} -mavx2 -mfma")
check_cxx_source_compiles("
#if !defined(__x86_64__)
#error
#endif
int main() { return __builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\") ? 0 : 1; }"
                          GLUESWEEP_HAS_AVX2)
cmake_pop_check_state()

# The C library's vector functions: GCC is told of them at their declarations, Clang by an option.
cmake_push_check_state()
list(APPEND CMAKE_REQUIRED_LIBRARIES mvec m)
set(CMAKE_REQUIRED_FLAGS "${CMAKE_REQUIRED_FLAGS} -Werror=attributes")
check_cxx_source_compiles("
extern \"C\" __attribute__((simd(\"notinbranch\"))) double exp(double) noexcept;
extern \"C\" void _ZGVbN2v_tanh();
extern \"C\" void _ZGVdN4v_log1p();
int main(int count, char**) { _ZGVbN2v_tanh(); _ZGVdN4v_log1p(); return exp(count) > 1.0; }"
                          GLUESWEEP_HAS_VECTOR_MATH)
if(NOT GLUESWEEP_HAS_VECTOR_MATH)
  message(STATUS "Kernels compute some or all of exp, log, tanh, ... number by number: GCC with glibc 2.35 or later "
                 "has them for vectors")
  set(CMAKE_REQUIRED_FLAGS "${CMAKE_REQUIRED_FLAGS} -fveclib=libmvec")
  check_cxx_source_compiles("
extern \"C\" void _ZGVbN2v_exp();
extern \"C\" void _ZGVdN4v_exp();
int main() { _ZGVbN2v_exp(); _ZGVdN4v_exp(); }" GLUESWEEP_HAS_VECLIB)
endif()
cmake_pop_check_state()

if(GLUESWEEP_HAS_AVX2)
  target_compile_definitions(gluesweep_options INTERFACE GLUESWEEP_AVX2)  # everywhere: all share one precompiled header
endif()

function(gluesweep_add_kernels target)
  # The functions set no errno, comparisons raise no flags: what vector code needs.
  set(options -fno-math-errno -fno-trapping-math -ffp-contract=fast)
  set(sets baseline)
  if(GLUESWEEP_HAS_AVX2)
    list(APPEND sets avx2)
  endif()
  foreach(set ${sets})
    add_library(${target}_kernels_${set} OBJECT ${ARGN})
    target_link_libraries(${target}_kernels_${set} PRIVATE gluesweep_options)
    target_compile_definitions(${target}_kernels_${set} PRIVATE GLUESWEEP_KERNELS=${set})
    target_compile_options(${target}_kernels_${set} PRIVATE ${options})
    if(GLUESWEEP_HAS_VECTOR_MATH)
      target_compile_definitions(${target}_kernels_${set} PRIVATE GLUESWEEP_VECTOR_MATH)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_kernels_${set}>)
  endforeach()
  if(GLUESWEEP_HAS_AVX2)
    target_compile_options(${target}_kernels_avx2 PRIVATE -mavx2 -mfma)
    # Not for the plain kernels: there Clang calls the functions for AVX2 as well (seen with version 14).
    if(NOT GLUESWEEP_HAS_VECTOR_MATH AND GLUESWEEP_HAS_VECLIB)
      target_compile_options(${target}_kernels_avx2 PRIVATE -fveclib=libmvec)
    endif()
  endif()
  if(GLUESWEEP_HAS_VECTOR_MATH OR GLUESWEEP_HAS_VECLIB)
    target_link_libraries(${target} PUBLIC mvec m)
  endif()
endfunction()
