# The web client as a library, matsuri::web_assets: web_assets.h gives its files and its pages.
# It is built by `./dev web`, which fetches packages only where the lock file or Node changed, and
# only when something that needs it is built.

include_guard(GLOBAL)

set(matsuri_web_inputs)
foreach(folder web/app web/features web/lib web/ui web/tools sdk/ts/src)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*)
  list(APPEND matsuri_web_inputs ${found})
endforeach()
# What the build of the client itself writes.
list(FILTER matsuri_web_inputs EXCLUDE REGEX "/generated/")
list(APPEND matsuri_web_inputs
  ${PROJECT_SOURCE_DIR}/web/package.json ${PROJECT_SOURCE_DIR}/web/package-lock.json
  ${PROJECT_SOURCE_DIR}/api/openapi.yaml)

set(matsuri_web_folder ${PROJECT_BINARY_DIR}/web_assets)
add_custom_command(
  OUTPUT ${matsuri_web_folder}/web_assets.cc ${matsuri_web_folder}/web_assets.h
  COMMAND ${PROJECT_SOURCE_DIR}/dev web
  COMMAND python3 ${PROJECT_SOURCE_DIR}/tools/embed_assets.py
          ${PROJECT_SOURCE_DIR}/web/dist ${matsuri_web_folder}
  # Left alone where nothing changed: so its time would stay behind that of the inputs.
  COMMAND ${CMAKE_COMMAND} -E touch_nocreate
          ${matsuri_web_folder}/web_assets.cc ${matsuri_web_folder}/web_assets.h
  DEPENDS ${matsuri_web_inputs} ${PROJECT_SOURCE_DIR}/tools/embed_assets.py
  COMMENT "Building the web client"
  VERBATIM)

add_library(matsuri_web_assets STATIC
  ${matsuri_web_folder}/web_assets.cc ${matsuri_web_folder}/web_assets.h)
add_library(matsuri::web_assets ALIAS matsuri_web_assets)
target_include_directories(matsuri_web_assets SYSTEM PUBLIC ${matsuri_web_folder})
target_link_libraries(matsuri_web_assets PUBLIC matsuri_http)
