# cmake --install BUILD --prefix PREFIX: the two programs, and for other C++ projects the mathematics (numeric to
# phase) and the reductions, as static libraries with their headers:
#   find_package(attnbounds REQUIRED)
#   target_link_libraries(mine PRIVATE attnbounds::math)        # or attnbounds::reductions
# Where the GPU's kernels are built in, the libraries need the CUDA runtime as well and are not installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS attnbounds attnbounds-check RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET attnbounds_device)
  message(STATUS "attnbounds: built with CUDA; only the programs are installed, no library (ATTNBOUNDS_CUDA=OFF)")
  return()
endif()

set_target_properties(attnbounds_math PROPERTIES EXPORT_NAME math)
set_target_properties(attnbounds_reductions PROPERTIES EXPORT_NAME reductions)
# Their headers are C++20, and their rounding bounds are proved for the operations that are written.
foreach(library attnbounds_math attnbounds_reductions)
  target_compile_features(${library} PUBLIC cxx_std_20)
  target_compile_options(${library} PUBLIC $<INSTALL_INTERFACE:-ffp-contract=off>)
endforeach()
install(TARGETS attnbounds_math attnbounds_reductions EXPORT attnbounds ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT attnbounds FILE attnbounds-targets.cmake NAMESPACE attnbounds::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/attnbounds)
foreach(room numeric polynomial attention kernels phase)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${room} DESTINATION include/attnbounds FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/reductions DESTINATION include/attnbounds FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/attnbounds-config.cmake.in
                              ${CMAKE_BINARY_DIR}/attnbounds-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/attnbounds)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/attnbounds-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/attnbounds-config.cmake ${CMAKE_BINARY_DIR}/attnbounds-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/attnbounds)
