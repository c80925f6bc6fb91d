# One way to declare code, so that floors, flags, tests, benchmarks and fuzzers are the same in all
# modules. What belongs on which floor is in docs/STYLE.md.
#
#   matsuri_module(<name> FLOOR <n> [TESTING]
#     HEADERS ...      every header, public ones and internal/ alike; each must compile alone
#     SOURCES ...      may be empty for a module of headers only
#     DEPS ...         modules of lower floors: base io journal ...
#     LINK ...         external libraries, private to the module (and to its tests)
#     LINK_PUBLIC ...  external libraries that public headers need
#     TESTS ...        GoogleTest sources: one program <name>_test, one ctest of that name
#     TEST_DEPS ...    modules only the tests need: TESTING ones, and floors up to the module's own
#     BENCHES ...      Google Benchmark sources: <name>_bench, run shortly under label bench-smoke
#     FUZZ ...         x_fuzz.cc gives <name>_x_fuzz, with its corpus in fuzz/corpus/<name>_x/
#     TEST_TIMEOUT s)  seconds for <name>_test, 300 unless told
#
# makes the static library matsuri_<name>, alias matsuri::<name>. A folder may call it several times:
# a domain has its own target and <name>_routes on floor 8. TESTING marks a library of test support,
# on the floor of what it fakes; only TEST_DEPS and other TESTING modules may name it.
#
#   matsuri_planted(<name> SOURCES ... TESTS ... TEST_DEPS ...)
#
# builds these of a module once more, with bugs that its tests can plant (base/plant.h), into the test
# planted_<name>_test. All else that it links is what production has.
#
#   matsuri_program(<name> [IN_ROOT] [TESTING] SOURCES ... DEPS ... LINK ...)
#
# makes an executable above all floors; IN_ROOT puts it at the top of the build folder.
#
#   matsuri_protobuf(<name> <file.proto>...)
#
# makes matsuri::<name> for LINK: generated code, included as "<file>.pb.h", without our warnings.

include_guard(GLOBAL)

add_custom_target(matsuri_generated)  # All generated code, for tools that read sources.

add_library(matsuri_flags INTERFACE)
target_compile_options(matsuri_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  # `{.a = 1}` means: the rest as declared. That is what designated initializers are for.
  -Wno-missing-designated-field-initializers)

# Stops where one of these modules is not declared yet: floors are built from the lowest up.
function(matsuri_declared who)
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET matsuri_${dep})
      message(FATAL_ERROR "${who} needs ${dep}, which is not declared before it.")
    endif()
  endforeach()
endfunction()

# Notes what tools/check_layers.py and matsuri_check_layers() need to know of a target.
function(matsuri_note name kind floor)
  cmake_parse_arguments(PARSE_ARGV 3 arg "TESTING" "" "DEPS;TEST_DEPS;FILES;TEST_FILES")
  set_property(GLOBAL APPEND PROPERTY MATSURI_TARGETS ${name})
  foreach(key DEPS TEST_DEPS FILES TEST_FILES)
    set_property(GLOBAL PROPERTY MATSURI_${name}_${key} "${arg_${key}}")
  endforeach()
  set_property(GLOBAL PROPERTY MATSURI_${name}_KIND ${kind})
  set_property(GLOBAL PROPERTY MATSURI_${name}_FLOOR ${floor})
  set_property(GLOBAL PROPERTY MATSURI_${name}_TESTING ${arg_TESTING})
  set_property(GLOBAL PROPERTY MATSURI_${name}_FOLDER ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

function(matsuri_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TESTING" "FLOOR;TEST_TIMEOUT"
    "HEADERS;SOURCES;DEPS;LINK;LINK_PUBLIC;TESTS;TEST_DEPS;BENCHES;FUZZ")
  if(arg_UNPARSED_ARGUMENTS OR NOT DEFINED arg_FLOOR)
    message(FATAL_ERROR "matsuri_module(${name}): FLOOR is needed; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  matsuri_declared("Module ${name}" ${arg_DEPS})

  set(testing)
  if(arg_TESTING)
    set(testing TESTING)
  endif()
  matsuri_note(${name} module ${arg_FLOOR} ${testing} DEPS ${arg_DEPS} TEST_DEPS ${arg_TEST_DEPS}
    FILES ${arg_HEADERS} ${arg_SOURCES} TEST_FILES ${arg_TESTS} ${arg_BENCHES} ${arg_FUZZ})

  list(TRANSFORM arg_DEPS PREPEND matsuri_ OUTPUT_VARIABLE deps)
  list(TRANSFORM arg_TEST_DEPS PREPEND matsuri_ OUTPUT_VARIABLE test_deps)
  set(library matsuri_${name})
  if(arg_SOURCES)
    add_library(${library} STATIC ${arg_SOURCES})
    target_link_libraries(${library} PUBLIC ${deps} ${arg_LINK_PUBLIC} PRIVATE matsuri_flags ${arg_LINK})
    set(visibility PUBLIC)
  else()
    add_library(${library} INTERFACE)
    target_link_libraries(${library} INTERFACE ${deps} ${arg_LINK} ${arg_LINK_PUBLIC})
    set(visibility INTERFACE)
  endif()
  add_library(matsuri::${name} ALIAS ${library})
  set_target_properties(${library} PROPERTIES MATSURI_FLOOR ${arg_FLOOR})
  target_include_directories(${library} ${visibility} ${PROJECT_SOURCE_DIR}/src)
  target_sources(${library} ${visibility}
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${arg_HEADERS})

  set(inside ${library} ${test_deps} ${arg_LINK} matsuri_flags)
  if(arg_TESTS)
    if(NOT arg_TEST_TIMEOUT)
      set(arg_TEST_TIMEOUT 300)
    endif()
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE ${inside} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name}_test COMMAND ${name}_test)
    set_tests_properties(${name}_test PROPERTIES LABELS "${name};unit"
      TIMEOUT ${arg_TEST_TIMEOUT} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  if(arg_BENCHES)
    add_executable(${name}_bench ${arg_BENCHES})
    target_link_libraries(${name}_bench PRIVATE ${inside} benchmark::benchmark_main)
    # 0.001 s for each case: this finds wrong answers, it does not measure.
    add_test(NAME ${name}_bench COMMAND ${name}_bench --benchmark_min_time=0.001)
    set_tests_properties(${name}_bench PROPERTIES LABELS "${name};bench-smoke" TIMEOUT 120
      FAIL_REGULAR_EXPRESSION "ERROR OCCURRED" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  foreach(source IN LISTS arg_FUZZ)
    matsuri_fuzz(${name} ${source} "${inside}")
  endforeach()
endfunction()

function(matsuri_planted name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;TESTS;TEST_DEPS")
  list(TRANSFORM arg_TEST_DEPS PREPEND matsuri_ OUTPUT_VARIABLE test_deps)
  set(target planted_${name}_test)
  # Objects come before libraries: those of the module are not asked for what is here.
  add_executable(${target} ${arg_SOURCES} ${arg_TESTS})
  target_compile_definitions(${target} PRIVATE MATSURI_PLANT)
  target_link_libraries(${target} PRIVATE matsuri_${name} ${test_deps} matsuri_flags
    GTest::gmock GTest::gtest_main)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS "${name};unit" TIMEOUT 300
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

# With MATSURI_FUZZ the libFuzzer program; else one that replays the corpus, as a test.
function(matsuri_fuzz name source inside)
  get_filename_component(stem ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" stem ${stem})
  set(target ${name}_${stem}_fuzz)
  if(stem STREQUAL name)
    set(target ${name}_fuzz)
  endif()
  string(REGEX REPLACE "_fuzz$" "" corpus ${target})
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE ${inside})
  if(MATSURI_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
    add_test(NAME ${target} COMMAND ${target} ${PROJECT_SOURCE_DIR}/fuzz/corpus/${corpus})
    set_tests_properties(${target} PROPERTIES LABELS "${name};fuzz-corpus" TIMEOUT 120)
  endif()
endfunction()

function(matsuri_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "IN_ROOT;TESTING" "" "SOURCES;DEPS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "matsuri_program(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  matsuri_declared("Program ${name}" ${arg_DEPS})
  set(testing)
  if(arg_TESTING)
    set(testing TESTING)
  endif()
  matsuri_note(program:${name} program 10 ${testing} DEPS ${arg_DEPS} FILES ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND matsuri_ OUTPUT_VARIABLE deps)
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${deps} ${arg_LINK} matsuri_flags)
  if(arg_IN_ROOT)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  endif()
endfunction()

function(matsuri_protobuf name)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}_pb)
  file(MAKE_DIRECTORY ${folder})
  set(outputs)
  foreach(proto IN LISTS ARGN)
    get_filename_component(proto "${proto}" ABSOLUTE)
    get_filename_component(stem "${proto}" NAME_WE)
    get_filename_component(from "${proto}" DIRECTORY)
    add_custom_command(OUTPUT ${folder}/${stem}.pb.cc ${folder}/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=${folder} -I${from} ${proto}
      DEPENDS ${proto} VERBATIM)
    list(APPEND outputs ${folder}/${stem}.pb.cc ${folder}/${stem}.pb.h)
  endforeach()
  add_custom_target(matsuri_${name}_generated DEPENDS ${outputs})
  add_dependencies(matsuri_generated matsuri_${name}_generated)
  add_library(matsuri_${name} STATIC ${outputs})
  add_library(matsuri::${name} ALIAS matsuri_${name})
  target_include_directories(matsuri_${name} SYSTEM PUBLIC ${folder})
  target_link_libraries(matsuri_${name} PUBLIC protobuf::libprotobuf)
  target_compile_options(matsuri_${name} PRIVATE -w)
endfunction()

# Stops the configure step where a module depends on its own floor or above, or on test support.
# Called once, after all folders; it also writes layers.json for tools/check_layers.py.
function(matsuri_check_layers)
  get_property(targets GLOBAL PROPERTY MATSURI_TARGETS)
  set(rows)
  foreach(name IN LISTS targets)
    foreach(key DEPS TEST_DEPS FILES TEST_FILES KIND FLOOR TESTING FOLDER)
      get_property(${key} GLOBAL PROPERTY MATSURI_${name}_${key})
    endforeach()
    foreach(dep IN LISTS DEPS)
      get_property(dep_floor GLOBAL PROPERTY MATSURI_${dep}_FLOOR)
      get_property(dep_testing GLOBAL PROPERTY MATSURI_${dep}_TESTING)
      if(dep_testing AND NOT TESTING)
        message(FATAL_ERROR "${name} depends on ${dep}, which is test support: name it in TEST_DEPS.")
      elseif(dep_floor GREATER FLOOR OR (dep_floor EQUAL FLOOR AND NOT TESTING))
        message(FATAL_ERROR "${name} (floor ${FLOOR}) may not depend on ${dep} (floor ${dep_floor}): "
          "a module depends on lower floors only.")
      endif()
    endforeach()
    foreach(dep IN LISTS TEST_DEPS)
      get_property(dep_floor GLOBAL PROPERTY MATSURI_${dep}_FLOOR)
      if(NOT TARGET matsuri_${dep})
        message(FATAL_ERROR "The tests of ${name} need ${dep}, which does not exist.")
      elseif(dep_floor GREATER FLOOR)
        message(FATAL_ERROR "The tests of ${name} (floor ${FLOOR}) may not depend on ${dep} "
          "(floor ${dep_floor}): tests of the upper module, or tests/, are the place for that.")
      endif()
    endforeach()
    foreach(key DEPS TEST_DEPS FILES TEST_FILES)
      list(JOIN ${key} "\",\"" joined)
      string(REPLACE "\"\"" "" ${key} "\"${joined}\"")
    endforeach()
    string(TOLOWER "${TESTING}" TESTING)
    file(RELATIVE_PATH FOLDER ${PROJECT_SOURCE_DIR} ${FOLDER})
    list(APPEND rows "{\"name\":\"${name}\",\"kind\":\"${KIND}\",\"floor\":${FLOOR},\"testing\":${TESTING},\"folder\":\"${FOLDER}\",\"deps\":[${DEPS}],\"test_deps\":[${TEST_DEPS}],\"files\":[${FILES}],\"test_files\":[${TEST_FILES}]}")
  endforeach()
  list(JOIN rows ",\n" rows)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/layers.json CONTENT "[\n${rows}\n]\n" @ONLY)
endfunction()
