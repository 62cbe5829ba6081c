# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. Parts that were not built are left out.
if(TARGET berth)
  install(TARGETS berth RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET berth-image)
  install(TARGETS berth-image RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/berth)
endif()
# Slurm finds the plugin by the path in plugstack.conf; beside Slurm's own is where people look.
if(TARGET berth_spank)
  install(TARGETS berth_spank LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/slurm-wlm)
endif()
foreach(section 1 5 7 8)
  file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.${section})
  if(pages)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endif()
endforeach()
file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*
                                     ${PROJECT_SOURCE_DIR}/slurm-plugin/*.example)
if(examples)
  install(FILES ${examples} DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
endif()
