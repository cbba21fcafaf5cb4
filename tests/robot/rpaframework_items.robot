*** Settings ***
Documentation    The work queue under rpaframework's own library, for bots that know nothing of Referee.

Library          Collections
Library          OperatingSystem
Library          queue_files.py

Suite Setup      Use The Queue


*** Variables ***
${FILE}    ${OUTPUT DIR}/rpaframework.sqlite
@{SEEN}    @{EMPTY}


*** Test Cases ***
Each Item Is Seen Once
    [Documentation]    They are released as DONE, but for the one that fails for business reasons.
    For Each Input Work Item    Handle Item    return_results=False
    Lists Should Be Equal    ${SEEN}    ${{ ["R-1", "R-2", "R-3"] }}
    State Should Be    R-1    DONE
    State Should Be    R-2    FAILED
    State Should Be    R-3    DONE

Released Items Stay Released
    [Documentation]    Another start of the bot finds none.
    For Each Input Work Item    Handle Item    return_results=False
    Length Should Be    ${SEEN}    3

Outputs Wait In The Next Queue
    [Documentation]    With the files that were given to them.
    ${item}=    Item In Queue    ${FILE}    out    R-3/1-1
    Should Be Equal    ${item}[state]    PENDING
    Should Be Equal    ${item}[files]    ${{ ["note.txt"] }}


*** Keywords ***
Use The Queue
    [Documentation]    Only the environment says which queue is meant.
    Create File    ${OUTPUT DIR}/rows.csv    invoice,amount\nR-1,5\nR-2,7.5\nR-3,9\n
    Set Environment Variable    RPA_WORKITEMS_ADAPTER    referee.workitems.adapter.QueueAdapter
    Set Environment Variable    REFEREE_QUEUE_FILE    ${FILE}
    Set Environment Variable    REFEREE_QUEUE    in
    Set Environment Variable    REFEREE_OUTPUT_QUEUE    out
    Fill Queue    ${FILE}    in    ${OUTPUT DIR}/rows.csv
    Import Library    RPA.Robocorp.WorkItems    autoload=${False}

Handle Item
    [Documentation]    The second one has no order, the third makes an output.
    ${invoice}=    Get Work Item Variable    invoice
    Append To List    ${SEEN}    ${invoice}
    IF    $invoice == 'R-2'
        Release Input Work Item    FAILED    BUSINESS    no-order    there is no order
    END
    IF    $invoice == 'R-3'
        Create File    ${OUTPUT DIR}/note.txt    posted
        VAR    &{data}=    of=${invoice}
        Create Output Work Item    variables=${data}    files=${OUTPUT DIR}/note.txt    save=True
    END

State Should Be
    [Documentation]    As the queue has it.
    [Arguments]    ${key}    ${state}
    ${item}=    Item In Queue    ${FILE}    in    ${key}
    Should Be Equal    ${item}[state]    ${state}
