# How every target is compiled: warnings, hardening, sanitizers.

set(HEARTH_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined | thread | undefined | empty")
option(HEARTH_FUZZ "Build the libFuzzer targets" OFF)
option(HEARTH_WERROR "Warnings are errors" ON)

find_program(HEARTH_CCACHE ccache)
if(HEARTH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HEARTH_CCACHE}")
endif()

add_library(hearth_options INTERFACE)
target_include_directories(hearth_options INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(hearth_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wthread-safety -fno-strict-aliasing -fstack-protector-strong -gz=none
  $<$<BOOL:${HEARTH_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
  $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
target_link_options(hearth_options INTERFACE -fuse-ld=lld-19 -Wl,-z,relro,-z,now)

if(HEARTH_SANITIZE)
  target_compile_options(hearth_options INTERFACE
    -fsanitize=${HEARTH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(hearth_options INTERFACE -fsanitize=${HEARTH_SANITIZE})
endif()
if(HEARTH_FUZZ)
  target_compile_options(hearth_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
