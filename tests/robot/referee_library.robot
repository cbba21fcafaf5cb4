*** Settings ***
Documentation    Every keyword of RefereeLibrary as a bot uses it, its errors included.

Library          Collections
Library          OperatingSystem
Library          payment_files.py
Library          RefereeLibrary    ${FOLDER}/payments.xlsx
...                  audit=${FOLDER}/audit
...                  playbooks=${FOLDER}/playbooks

Suite Setup      Write Payment Decision    ${FOLDER}


*** Variables ***
${FOLDER}    ${OUTPUT DIR}/payments
${HEADER}    payment,country,amount,memo\n


*** Test Cases ***
There Must Be Cases Before They Can Be Processed
    [Documentation]    Processing nothing would look like success.
    Run Keyword And Expect Error
    ...    there are no cases to process; use Read Cases or Use Cases first
    ...    Process Cases

A Case List That Cannot Be Used Is Refused In One Sentence
    [Documentation]    Nothing has been decided then.
    Run Keyword And Expect Error    *none.csv: there is no such file; *    Read Cases    ${FOLDER}/none.csv
    Run Keyword And Expect Error    *playbooks: this is a folder, *    Read Cases    ${FOLDER}/playbooks
    Create File    ${FOLDER}/twice.csv    ${HEADER}R-1,DE,5,x\nR-1,DE,6,x\n
    Run Keyword And Expect Error    *the case `R-1` is there twice, in line 2 and line 3; *
    ...    Read Cases    ${FOLDER}/twice.csv
    Create File    ${FOLDER}/empty.csv    ${EMPTY}
    Run Keyword And Expect Error    *empty.csv: the file is empty    Read Cases    ${FOLDER}/empty.csv
    Run Keyword And Expect Error
    ...    *a CSV file has no sheets; *
    ...    Read Cases
    ...    ${FOLDER}/twice.csv
    ...    sheet=March

Gathered Cases That Cannot Be Told Apart Are Refused
    [Documentation]    All faults at once.
    ${first}=    A Payment    G-1
    VAR    &{nameless}=    country=DE    amount=${5}
    VAR    @{cases}=    ${first}    ${nameless}    ${first}
    Run Keyword And Expect Error
    ...    the cases can't be used: row 2 has no 'payment', *; rows 1 and 3 have the same 'payment': G-1
    ...    Use Cases    ${cases}

An Action Without Keyword Stops The Run Before The First Case
    [Documentation]    Of the routing table, and of a playbook that it can start.
    Create File    ${FOLDER}/cases.csv    ${HEADER}P-1,DE,1200,a\nP-2,FR,9000,b\nP-3,CH,10,c\nP-4,DE,,d\n
    ${cases}=    Read Cases    ${FOLDER}/cases.csv
    Length Should Be    ${cases}    4
    Run Keyword And Expect Error
    ...    *the action 'pay', *; add the line `On Action${SPACE * 4}pay*
    ...    Process Cases
    On Action    pay    Note Payment
    Run Keyword And Expect Error    *the action 'read reply', *the action 'send query', *    Process Cases
    Paid Should Be    @{EMPTY}

Results Never Replace The Case List
    [Documentation]    Not even when they are told to.
    Run Keyword And Expect Error    *cases.csv: this file is what the bot reads; *
    ...    Process Cases    results=${FOLDER}/cases.csv
    Paid Should Be    @{EMPTY}

All Cases Are Processed
    [Documentation]    One of each route, and one that lacks a fact.
    Name Actions
    ${counts}=    Process Cases    results=${FOLDER}/results.xlsx    worklist=${FOLDER}/worklist.xlsx
    Should Be Equal As Integers    ${counts.cases}    4
    Should Be Equal    ${counts.routes}    ${{ {"auto": 1, "human": 2, "exception": 1} }}
    Should Be Equal    ${counts.outcomes}    ${{ {"done": 1, "handed over": 2, "exception open": 1} }}
    Should Be Equal As Integers    ${counts.earlier}    0
    Paid Should Be    P-1
    File Should Exist    ${FOLDER}/results.xlsx
    File Should Exist    ${FOLDER}/worklist.xlsx

Processing Again Does Nothing Twice
    [Documentation]    Results and worklist go to the output folder when nothing else is said.
    ${counts}=    Process Cases
    Should Be Equal As Integers    ${counts.earlier}    3
    Paid Should Be    P-1
    File Should Exist    ${OUTPUT DIR}/results.xlsx
    File Should Exist    ${OUTPUT DIR}/worklist.xlsx

Decisions Come In The Order Of The Input
    [Documentation]    Also those of earlier runs.
    ${decisions}=    Get Decisions
    ${ids}=    Evaluate    [decision.case_id for decision in $decisions]
    Should Be Equal    ${ids}    ${{ ["P-1", "P-2", "P-3", "P-4"] }}
    Should Be Equal    ${decisions[1].reasons}    ${{ ("over the limit",) }}
    Route Should Be    ${decisions}[0]    auto

Gathered Cases Are Processed Too
    [Documentation]    Bots may bring their cases from anywhere.
    ${first}=    A Payment    G-1
    ${second}=    A Payment    G-2    country=XX
    VAR    @{cases}=    ${first}    ${second}
    Use Cases    ${cases}
    ${counts}=    Process Cases
    Should Be Equal    ${counts.routes}    ${{ {"auto": 1, "human": 1} }}
    Paid Should Be    P-1    G-1

A Failing Action Sends Its Case To People
    [Documentation]    The run goes on.
    On Action    pay    Fail    the bank is closed
    ${case}=    A Payment    F-1
    VAR    @{cases}=    ${case}
    Use Cases    ${cases}
    ${counts}=    Process Cases
    Should Be Equal    ${counts.outcomes}    ${{ {"handed over": 1} }}
    [Teardown]    Name Actions

A Case Is Decided By A Dictionary Or By Names
    [Documentation]    The first decision stands; what is missing is named.
    ${facts}=    A Payment    S-1
    ${decision}=    Decide Case    S-1    ${facts}
    Route Should Be    ${decision}    auto
    Should Be Equal    ${decision.reasons}    ${{ ("paid: memo of S-1",) }}
    ${again}=    Decide Case    S-1    country=DE    amount=${1200}    memo=memo of S-1
    Should Be Equal    ${again.receipt}    ${decision.receipt}

Facts Of Both Kinds Are One And A Missing One Is Named
    [Documentation]    Numbers may come as text, as Robot Framework gives them.
    ${mixed}=    Decide Case    S-2    ${{ {"country": "DE", "memo": "m"} }}    amount=9000.50
    Route Should Be    ${mixed}    human
    Should Be Equal    ${mixed.queue}    managers
    ${missing}=    Decide Case    S-3    country=DE    memo=m
    Route Should Be    ${missing}    human
    Should Contain    ${missing.reasons[0]}    `amount`

A Wrong Route Fails With Its Reasons
    [Documentation]    A route that does not exist is refused.
    ${decision}=    Decide Case    S-2    country=DE    amount=9000.50    memo=m
    Run Keyword And Expect Error    case S-2 took the route human, not auto: over the limit
    ...    Route Should Be    ${decision}    auto
    Run Keyword And Expect Error
    ...    *'maybe' that cannot be converted to Route*
    ...    Route Should Be
    ...    ${decision}
    ...    maybe

A Case Is Settled Once
    [Documentation]    For bots with a loop of their own.
    ${decision}=    Decide Case    S-1    country=DE    amount=${1200}    memo=memo of S-1
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    done
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    done
    Paid Should Be    P-1    G-1    S-1

Each Route Is Settled In Its Own Way
    [Documentation]    The playbook goes on when the supplier has answered.
    ${decision}=    Decide Case    S-2    country=DE    amount=9000.50    memo=m
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    handed over
    ${decision}=    Decide Case    S-4    country=CH    amount=${5}    memo=m
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    exception open
    On Action    read reply    Evaluate Nothing But    ${{ {"agrees": True} }}
    ${status}=    Settle Case    ${decision}
    Should Be Equal    ${status}    exception closed
    Paid Should Be    P-1    G-1    S-1


*** Keywords ***
Name Actions
    [Documentation]    One keyword for each action of the table and step of the playbook.
    On Action    pay    Note Payment
    On Action    send query    Log
    On Action    read reply    No Reply

No Reply
    [Documentation]    The supplier has not answered.
    [Arguments]    ${case}
    Log    nothing from the supplier of ${case}[id]
    RETURN    ${NONE}

Evaluate Nothing But
    [Documentation]    The supplier's reply, whatever the case.
    [Arguments]    ${case}    ${reply}
    Log    a reply about ${case}[id]
    RETURN    ${reply}

A Payment
    [Documentation]    One that is paid, but for the changes.
    [Arguments]    ${id}    &{changes}
    VAR    &{facts}=    payment=${id}    country=DE    amount=${1200}    memo=memo of ${id}
    Set To Dictionary    ${facts}    &{changes}
    RETURN    ${facts}

Paid Should Be
    [Documentation]    These cases in this order, each once.
    [Arguments]    @{ids}
    ${paid}=    Paid Cases
    Should Be Equal    ${paid}    ${ids}
