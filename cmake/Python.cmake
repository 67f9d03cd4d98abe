# Which Python runs the tests? The first one that can import thrift: Debian's, with the packages python3-thrift
# and python3-six. A python3 that somebody put in front of it in PATH usually cannot. Sets P2P_PYTHON.
function(p2p_python_has_thrift accepted candidate)
  execute_process(COMMAND ${candidate} -c "import thrift.protocol.TBinaryProtocol" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(${accepted} FALSE PARENT_SCOPE)
  endif()
endfunction()

find_program(P2P_PYTHON NAMES python3 PATHS /usr/bin VALIDATOR p2p_python_has_thrift DOC "A Python that can import thrift")
if(NOT P2P_PYTHON)
  message(FATAL_ERROR "No python3 here can import thrift. Install Debian's: apt-get install python3 python3-thrift python3-six "
    "(or ./dev setup), or name one with -DP2P_PYTHON=PATH")
endif()
