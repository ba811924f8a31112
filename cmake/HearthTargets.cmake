# hearth_room(NAME base SOURCES … DEPS …)        a library hearth_base from the sources of one room
# hearth_test(NAME base SOURCES … DEPS … [LABELS threads])  a GoogleTest binary base_test; label `threads` marks it for TSan
# hearth_fuzz(NAME json SOURCES … DEPS …)        a libFuzzer target (preset fuzz), built as fuzz_<name>
include(GoogleTest)

# Builds every test that has threads: what the tsan preset needs. And every fuzz target, without the binary.
add_custom_target(threads_tests)
add_custom_target(fuzz_targets)

function(hearth_room)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_library(hearth_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(hearth_${ARG_NAME} PUBLIC hearth_options ${ARG_DEPS})
endfunction()

function(hearth_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME}_test ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME}_test PRIVATE hearth_options ${ARG_DEPS} hearth_rapidcheck GTest::gmock GTest::gtest_main)
  target_compile_definitions(${ARG_NAME}_test PRIVATE HEARTH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(label unit)  # one: gtest_discover_tests takes a list of labels for more properties
  if("threads" IN_LIST ARG_LABELS)
    set(label threads)
    add_dependencies(threads_tests ${ARG_NAME}_test)
  endif()
  gtest_discover_tests(${ARG_NAME}_test DISCOVERY_MODE PRE_TEST
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${label})
endfunction()

function(hearth_fuzz)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS" ${ARGN})
  if(NOT HEARTH_FUZZ)
    return()
  endif()
  add_executable(fuzz_${ARG_NAME} ${ARG_SOURCES})
  add_dependencies(fuzz_targets fuzz_${ARG_NAME})
  target_link_libraries(fuzz_${ARG_NAME} PRIVATE hearth_options ${ARG_DEPS})
  target_link_options(fuzz_${ARG_NAME} PRIVATE -fsanitize=fuzzer)
endfunction()
